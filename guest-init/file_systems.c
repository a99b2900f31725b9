// SPDX-License-Identifier: Apache-2.0
#include "guest-init/file_systems.h"

#include "guest-init/kernel.h"
#include "guest-init/orders.h"

#define MAX_PATH 4096
#define DISK_TRIES 500

static long mount_at(const char* source, const char* where, const char* type, long flags,
                     const char* options) {
    return CALL5(mount, source, where, type, flags, options);
}

void make_folders(const char* path) {
    char part[MAX_PATH];
    for (long i = 0; i < MAX_PATH - 1 && path[i] != 0; i++) {
        part[i] = path[i];
        if (i > 0 && (path[i + 1] == '/' || path[i + 1] == 0)) {
            part[i + 1] = 0;
            CALL2(mkdir, part, 0755);
        }
    }
}

// The nodes that programs expect, for a kernel without devtmpfs.
static void make_nodes(void) {
    static const struct {
        const char* path;
        long mode, major, minor;
    } nodes[] = {
        {"/dev/null", 0666, 1, 3},    {"/dev/zero", 0666, 1, 5},    {"/dev/full", 0666, 1, 7},
        {"/dev/random", 0666, 1, 8},  {"/dev/urandom", 0666, 1, 9}, {"/dev/tty", 0666, 5, 0},
        {"/dev/console", 0600, 5, 1}, {"/dev/ptmx", 0666, 5, 2},    {"/dev/ttyS0", 0600, 4, 64},
    };
    for (unsigned i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        CALL3(mknod, nodes[i].path, S_IFCHR | nodes[i].mode,
              device_number(nodes[i].major, nodes[i].minor));
    }
}

int mount_pseudo_file_systems(void) {
    static const char* const folders[] = {"/proc", "/sys", "/dev", "/tmp"};
    for (unsigned i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        CALL2(mkdir, folders[i], 0755);
    }
    mount_at("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0);
    mount_at("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0);
    const int has_devtmpfs = mount_at("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, 0) == 0;
    if (!has_devtmpfs) {
        make_nodes();
    }
    CALL2(mkdir, "/dev/pts", 0755);
    CALL2(mkdir, "/dev/shm", 01777);
    mount_at("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "ptmxmode=0666");
    mount_at("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, 0);
    CALL2(symlink, "/proc/self/fd", "/dev/fd");
    CALL2(symlink, "/proc/self/fd/0", "/dev/stdin");
    CALL2(symlink, "/proc/self/fd/1", "/dev/stdout");
    CALL2(symlink, "/proc/self/fd/2", "/dev/stderr");
    return has_devtmpfs;
}

// Drivers may need a moment for their first look at a disk.
static long mount_disk(const char* device) {
    long result = 0;
    for (int tries = 0; tries < DISK_TRIES; tries++) {
        result = mount_at(device, SKIFF_FOLDER "/lower", "ext4", MS_RDONLY, 0);
        if (result != -ENOENT && result != -ENXIO) {
            break;
        }
        sleep_milliseconds(10);
    }
    return result;
}

const char* change_root(const char* device) {
    CALL2(mkdir, "/dev", 0755);
    CALL2(mkdir, SKIFF_FOLDER "/lower", 0755);
    CALL2(mkdir, SKIFF_FOLDER "/memory", 0755);
    CALL2(mkdir, SKIFF_FOLDER "/root", 0755);
    mount_at("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, 0);
    if (mount_disk(device) != 0) {
        return "mount the root disk (CONFIG_VIRTIO_BLK, CONFIG_EXT4_FS, CONFIG_DEVTMPFS)";
    }
    if (mount_at("tmpfs", SKIFF_FOLDER "/memory", "tmpfs", 0, 0) != 0) {
        return "mount a tmpfs for what is written to the root (CONFIG_TMPFS)";
    }
    CALL2(mkdir, SKIFF_FOLDER "/memory/upper", 0755);
    CALL2(mkdir, SKIFF_FOLDER "/memory/work", 0755);
    if (mount_at("overlay", SKIFF_FOLDER "/root", "overlay", 0,
                 "lowerdir=" SKIFF_FOLDER "/lower,upperdir=" SKIFF_FOLDER
                 "/memory/upper,workdir=" SKIFF_FOLDER "/memory/work") != 0) {
        return "mount the writable layer of the root (CONFIG_OVERLAY_FS)";
    }
    if (CALL1(chdir, SKIFF_FOLDER "/root") != 0 || mount_at(".", "/", 0, MS_MOVE, 0) != 0 ||
        CALL1(chroot, ".") != 0 || CALL1(chdir, "/") != 0) {
        return "change the root";
    }
    return NULL_POINTER;
}

// struct ifreq of linux/if.h, which needs a libc's headers.
struct interface_request {
    char name[16];
    short flags;
    char rest[22];
};

void start_loopback(void) {
    enum { kSockDgram = 2, kAfInet = 2, kSetFlags = 0x8914, kUp = 1 };
    long fd = CALL3(socket, kAfInet, kSockDgram, 0);
    if (fd < 0) {
        return;
    }
    struct interface_request request = {.name = "lo", .flags = kUp};
    CALL3(ioctl, fd, kSetFlags, &request);
    CALL1(close, fd);
}
