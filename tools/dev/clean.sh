# SPDX-License-Identifier: Apache-2.0
# ./dev clean

dev_clean() {
    local cache=${XDG_CACHE_HOME:-$HOME/.cache}/skiff
    case ${1:-} in
        '') rm -rf build ;;
        --all) rm -rf build "$cache" ;;
        *) fail_usage "clean: unknown argument '$1'" ;;
    esac
}
