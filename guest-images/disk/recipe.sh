# SPDX-License-Identifier: Apache-2.0
# root.ext4: an ext4 root disk with busybox (all applets linked), the init of the initramfs, and fio,
# iperf3 and e2fsck with the libraries that they need (stand-ins, for most of fio's).
# mke2fs -d fills it, so that neither root nor a loop device is needed; fixed identifiers and times
# make it reproducible.

disk_size=64M
disk_uuid=736b6966-6600-4000-8000-000000000001

disk_inputs() {
    file_inputs disk/{recipe.sh,stand-ins} initramfs/{recipe.sh,init.c,vsock.c,system_call.h} rootfs/{profile,passwd,group}
    package_inputs busybox-static gcc linux-libc-dev e2fsprogs libext2fs2 libcom-err2 libblkid1 \
        libuuid1 fio libaio1 zlib1g iperf3 libiperf0 libssl3 libsctp1 libc6 binutils
    sha256sum /bin/busybox 2>/dev/null || echo 'no /bin/busybox'
}

disk_needs() {
    PATH=$PATH:/sbin:/usr/sbin
    need_commands gcc=gcc mke2fs=e2fsprogs debugfs=e2fsprogs e2fsck=e2fsprogs fio=fio python3=python3 \
        objdump=binutils iperf3=iperf3
    need_busybox
}

disk_build() {
    local work=$1 out=$2
    step 'build init' : build_init "$work/init"
    step 'build vsock' : build_program "$recipes/initramfs/vsock.c" "$work/vsock"
    step 'collect the root file system' : collect_root "$work"
    step 'add fio, iperf3 and e2fsck' : add_programs "$work/root"
    find "$work/root" -exec touch -h -d @0 {} +
    export E2FSPROGS_FAKE_TIME=1
    step 'build root.ext4' : mke2fs -q -t ext4 -d "$work/root" -L skiff-root -U "$disk_uuid" \
        -E "root_owner=0:0,hash_seed=$disk_uuid,lazy_itable_init=0,lazy_journal_init=0" \
        -m 0 -J size=4 "$out/root.ext4" "$disk_size"
    step 'set owners in root.ext4' : set_owners "$work" "$out/root.ext4"
    step 'check root.ext4' : e2fsck -f -n "$out/root.ext4"
}

collect_root() {
    local root=$1/root applet
    install -d -m 755 "$root"/{bin,dev,etc,mnt,proc,sbin,sys,usr,usr/bin,usr/sbin,var}
    install -d -m 700 "$root/root"
    install -d -m 1777 "$root/tmp"
    install -m 755 /bin/busybox "$root/bin/busybox"
    install -m 755 "$1/vsock" "$root/bin/vsock"
    install -m 755 "$1/init" "$root/sbin/init"
    install -m 644 "$recipes"/rootfs/{profile,passwd,group} "$root/etc/"
    for applet in $(/bin/busybox --list); do
        [[ $applet == busybox || $applet == init ]] || ln -s busybox "$root/bin/$applet"
    done
    ln -s ../bin/busybox "$root/sbin/reboot" # the kernel runs it on Ctrl-Alt-Del
}

# fio does files and block devices by psync, libaio and the like; its other engines are stand-ins.
add_programs() {
    local root=$1 program library
    local -a kept=(libc.so.6 libm.so.6 libz.so.1 libaio.so.1)
    install -d -m 755 "$root"/{lib,lib64}
    install -m 755 "$(command -v fio)" "$root/usr/bin/fio"
    install -m 755 "$(command -v iperf3)" "$root/usr/bin/iperf3"
    install -m 755 "$(command -v e2fsck)" "$root/sbin/e2fsck"
    ln -s e2fsck "$root/sbin/fsck.ext4"
    "$recipes/disk/stand-ins" "$root/usr/bin/fio" "$root/lib" "${kept[@]}"
    chmod 755 "$root"/lib/*
    for program in "$root"/usr/bin/{fio,iperf3} "$root/sbin/e2fsck"; do
        # The stand-ins come first, so that ldd names no library which only the real ones need.
        LD_LIBRARY_PATH=$root/lib ldd "$program" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' |
            while read -r library; do
                [[ -e $root/lib/${library##*/} ]] || install -m 755 "$library" "$root/lib/"
            done
    done
    # The dynamic linker, at the place that every x86-64 program names.
    install -m 755 /lib64/ld-linux-x86-64.so.2 "$root/lib64/"
}

# Everything belongs to root, whoever builds, whenever; and /dev/console for kernels without devtmpfs.
set_owners() {
    (
        cd "$1/root"
        find . -mindepth 1 | LC_ALL=C sort | sed 's|^\.||' | while read -r path; do
            for change in 'uid 0' 'gid 0' 'ctime @1'; do
                echo "set_inode_field $path $change"
            done
        done
        printf 'cd /dev\nmknod console c 5 1\nset_inode_field console mode 020600\n'
        printf 'set_inode_field console %s\n' 'ctime @1' 'atime @1' 'mtime @1' 'crtime @1'
    ) >"$1/owners"
    debugfs -w -f "$1/owners" "$2"
}
