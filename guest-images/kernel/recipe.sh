# SPDX-License-Identifier: Apache-2.0
# The small guest kernel: vmlinux (with its symbols) and bzImage. See README.md beside this file.

linux_archive=${SKIFF_LINUX_SOURCE:-/usr/src/linux-source-6.1.tar.xz}

kernel_inputs() {
    file_inputs kernel/{recipe.sh,kernel.patch,microvm.config}
    package_inputs linux-source-6.1 gcc binutils lz4
    gcc --version 2>/dev/null | head -n 1
    stat -L -c '%n %s' "$linux_archive" 2>/dev/null || echo "no $linux_archive"
}

kernel_needs() {
    if [[ ! -e $linux_archive ]]; then
        say "$linux_archive is missing: apt-get install linux-source-6.1"
        exit 1
    fi
    need_commands gcc=gcc ld=binutils make=make flex=flex bison=bison bc=bc xz=xz-utils lz4=lz4 \
        patch=patch perl=perl cpio=cpio
    if [[ ! -e /usr/include/gelf.h ]]; then
        say "missing: apt-get install libelf-dev"
        exit 1
    fi
}

# A path that never changes, so that ccache finds what an earlier build has compiled: the tree lies
# in $cache/kernel-build, which with_lock keeps to one build at a time.
kernel_build() {
    local work=$1 out=$2
    local source=$work/linux objects=$work/out compiler=gcc
    command -v ccache >/dev/null && compiler='ccache gcc'
    # libcall: gcc inlines "rep stosb" for memset in cold code, which a hypervisor that emulates the
    # guest's kernel mode executes a byte at a time. The KBUILD_ variables make builds reproducible.
    kernel_make=(make -C "$source" O="$objects" CC="$compiler" KCFLAGS=-mstringop-strategy=libcall
        KBUILD_BUILD_TIMESTAMP="Thu Jan 1 00:00:00 UTC 1970" KBUILD_BUILD_VERSION=1
        KBUILD_BUILD_USER=skiff KBUILD_BUILD_HOST=guest-images)
    mkdir -p "$source" "$objects"
    step 'unpack the kernel source' : tar -x -f "$linux_archive" -C "$source" --strip-components=1
    step 'patch the kernel' : patch -d "$source" -p1 --fuzz=0 -i "$recipes/kernel/kernel.patch"
    step 'configure the kernel' : "${kernel_make[@]}" \
        KCONFIG_ALLCONFIG="$recipes/kernel/microvm.config" allnoconfig
    check_kernel_config "$objects/.config"
    step 'build the kernel' kernel_progress "${kernel_make[@]}" -j"$(nproc)" vmlinux bzImage
    cp "$objects/vmlinux" "$objects/arch/x86/boot/bzImage" "$out/"
    cp "$objects/.config" "$out/config"
}

# Kconfig drops an option whose dependencies are not met without a word.
check_kernel_config() {
    local dropped
    dropped=$(grep '^CONFIG_' "$recipes/kernel/microvm.config" | grep -v -x -F -f "$1" || true)
    if [[ -n $dropped ]]; then
        say "the kernel's configuration has not taken: $dropped"
        exit 1
    fi
}

kernel_progress() {
    local files
    files=$(grep -c -E '^  (CC|AS|AR|LD) ' "$work/log" || true)
    echo "$files of about 1360 files,"
}
