# SPDX-License-Identifier: Apache-2.0
# Configuring and building a preset.

# build_preset PRESET [TARGET…]: configures it if need be and builds the targets (default: all).
build_preset() {
    local preset=$1
    shift
    configure_preset "$preset"
    step "build $preset" ninja -C "build/$preset" "$@"
}

# ninja reruns cmake by itself when a CMakeLists.txt changes; here only a missing or a half-made
# build folder, and one whose preset has changed, is configured.
configure_preset() {
    local preset=$1 folder=build/$1
    if [[ ! -e $folder/build.ninja || CMakePresets.json -nt $folder/CMakeCache.txt ]]; then
        step "configure $preset" cmake --preset "$preset"
        touch "$folder/CMakeCache.txt"
    fi
}

dev_build() {
    local preset=${1:-release}
    case $preset in
        release | dev | asan | tsan) setup_for build ;;
        clang | fuzz) setup_for build test ;;
        *) fail_usage "unknown preset '$preset'" ;;
    esac
    build_preset "$preset"
    say "built: build/$preset"
}
