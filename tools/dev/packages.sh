# SPDX-License-Identifier: Apache-2.0
# The Debian packages that building and testing need, and their installation.

packages_build=(
    g++ cmake ninja-build ccache python3
    libfdt-dev libcli11-dev libfmt-dev libspdlog-dev libtomlplusplus-dev catch2
    libboost-dev nlohmann-json3-dev
    liburing-dev zlib1g-dev liblzma-dev libzstd-dev liblz4-dev libbz2-dev)
# The guest kernel, initramfs and disk.
packages_images=(
    linux-source-6.1 gcc make flex bison libelf-dev bc cpio kmod patch perl
    xz-utils lz4 busybox-static e2fsprogs util-linux binutils fio iperf3)
packages_test=(
    clang clang-format clang-tidy libclang-rt-14-dev acpica-tools device-tree-compiler file
    curl gzip bzip2 zstd qemu-system-x86 gdb groff-base zsh iproute2 passt
    python3-prometheus-client)

packages_clients=(python3-venv)
packages_go=(golang-go)

# What client programs are built with; a Go of one's own will do.
setup_for_clients() {
    setup_for clients
    command -v go >/dev/null || [[ -x /usr/local/go/bin/go ]] || setup_for go
}

# setup_for GROUP…: installs what these groups need and this machine does not have.
setup_for() {
    local group missing
    local -a wanted=()
    for group in "$@"; do
        local -n list=packages_$group
        wanted+=("${list[@]}")
    done
    command -v dpkg-query >/dev/null || needs_by_hand "${wanted[@]}"
    missing=$(missing_packages "${wanted[@]}")
    [[ -n $missing ]] || return 0
    # shellcheck disable=SC2086
    install_packages $missing
}

# missing_packages NAME…: those that are not installed. One dpkg-query, a few milliseconds.
missing_packages() {
    local installed
    installed=$(dpkg-query -W -f='${db:Status-Abbrev}${binary:Package}\n' "$@" 2>/dev/null |
        sed -n 's/^ii *\([^:]*\).*/\1/p' || true)
    printf '%s\n' "$@" | sort -u | grep -v -x -F "$installed" || true
}

install_packages() {
    local -a become_root=()
    command -v apt-get >/dev/null || needs_by_hand "$@"
    if [[ $(id -u) -ne 0 ]]; then
        command -v sudo >/dev/null || needs_by_hand "$@"
        become_root=(sudo)
        sudo -v || needs_by_hand "$@"
    fi
    say "installing $# packages: $*"
    step 'update the package lists' "${become_root[@]}" apt-get -q update
    step 'install packages' "${become_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y install --no-install-recommends "$@"
}

needs_by_hand() {
    say "these Debian packages, or what your system has in their place, are needed first:"
    printf '  %s\n' "$@" >&2
    exit 1
}

# The nested tier downloads stock kernels with apt-get, which needs the package lists.
setup_package_lists() {
    apt-cache show linux-image-amd64 >/dev/null 2>&1 && return 0
    if [[ $(id -u) -eq 0 ]]; then
        step 'update the package lists' apt-get -q update
    elif command -v sudo >/dev/null; then
        step 'update the package lists' sudo -n apt-get -q update
    fi
}

dev_setup() { setup_for build images test; }
