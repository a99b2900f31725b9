# SPDX-License-Identifier: Apache-2.0
# initramfs.cpio: busybox, init.c and vsock.c, uncompressed (unpacking is slow in an emulated kernel mode).

initramfs_inputs() {
    file_inputs initramfs/{recipe.sh,init.c,vsock.c,system_call.h,make-cpio,list} rootfs/{profile,passwd,group}
    package_inputs busybox-static gcc linux-libc-dev
    sha256sum /bin/busybox 2>/dev/null || echo 'no /bin/busybox'
}

initramfs_needs() {
    need_commands gcc=gcc python3=python3
    need_busybox
}

need_busybox() {
    # The busybox of Debian's package "busybox" needs shared libraries, which the images do not have.
    if [[ ! -x /bin/busybox ]] || readelf -l /bin/busybox | grep -q INTERP; then
        say "/bin/busybox is missing or not static: apt-get install busybox-static"
        exit 1
    fi
}

# build_init OUTPUT
build_init() {
    build_program "$recipes/initramfs/init.c" "$1"
}

# build_program SOURCE OUTPUT
build_program() {
    gcc -O2 -Wall -Wextra -Werror -ffreestanding -fno-builtin -fno-stack-protector -fno-pie \
        -fno-asynchronous-unwind-tables -fcf-protection=none -static -nostdlib -no-pie -s \
        -Wl,--build-id=none -Wl,-z,noseparate-code -o "$2" "$1"
}

initramfs_build() {
    local work=$1 out=$2
    step 'build init' : build_init "$work/init"
    step 'build vsock' : build_program "$recipes/initramfs/vsock.c" "$work/vsock"
    step 'build initramfs.cpio' : "$recipes/initramfs/make-cpio" "$recipes/initramfs/list" \
        "$out/initramfs.cpio" init="$work/init" vsock="$work/vsock" busybox=/bin/busybox
}
