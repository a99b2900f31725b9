// SPDX-License-Identifier: Apache-2.0
#include "guest-init/devices.h"

#include "guest-init/kernel.h"

#define DRIVER_FOLDER "/sys/bus/virtio/drivers/virtio_console"
// Ports come by messages that the driver handles beside us.
#define DEVICE_TRIES 2000
#define MS_BETWEEN_TRIES 5
#define MS_FOR_HOST 10000

// struct linux_dirent64, whose header is the kernel's own.
struct directory_entry {
    unsigned long inode;
    long offset;
    unsigned short size;
    unsigned char type;
    char name[];
};

// The number that follows the prefix; -1 where the text is something else.
static int number_behind(const char* prefix, const char* text) {
    for (; *prefix != 0; prefix++, text++) {
        if (*prefix != *text) {
            return -1;
        }
    }
    int number = *text >= '0' && *text <= '9' ? 0 : -1;
    for (; *text >= '0' && *text <= '9'; text++) {
        number = number * 10 + (*text - '0');
    }
    return number;
}

// The device of the driver, whose folder has a link to it: 3 for "virtio3". -1 where it has none.
static int device_number_of_console(void) {
    long fd = CALL3(open, DRIVER_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    char entries[2048] __attribute__((aligned(8)));
    int found = -1;
    long got;
    while (found < 0 && (got = CALL3(getdents64, fd, entries, sizeof entries)) > 0) {
        for (long at = 0; at < got;) {
            const struct directory_entry* entry = (const struct directory_entry*)(entries + at);
            found = found < 0 ? number_behind("virtio", entry->name) : found;
            at += entry->size;
        }
    }
    CALL1(close, fd);
    return found;
}

int has_virtio_console(void) {
    return device_number_of_console() >= 0;
}

// "/dev/vport3p1": the device's number and the port's.
static void write_port_path(char* path, int device, int id) {
    static const char kPrefix[] = "/dev/vport";
    for (const char* from = kPrefix; *from != 0; from++) {
        *path++ = *from;
    }
    if (device > 9) {
        *path++ = (char)('0' + device / 10 % 10);
    }
    *path++ = (char)('0' + device % 10);
    *path++ = 'p';
    *path++ = (char)('0' + id);
    *path = 0;
}

long open_coming_device(const char* path, int flags) {
    long fd = -ENOENT;
    for (int tries = 0; tries < DEVICE_TRIES; tries++) {
        fd = CALL3(open, path, flags | O_CLOEXEC, 0);
        if (fd != -ENOENT && fd != -ENXIO && fd != -ENODEV) {
            break;
        }
        sleep_milliseconds(MS_BETWEEN_TRIES);
    }
    return fd;
}

long open_port(int id, int flags) {
    char path[32];
    write_port_path(path, device_number_of_console(), id);
    long fd = open_coming_device(path, flags | O_NONBLOCK);
    // Until the host has said that it is there, reading would be the end of the input.
    for (int waited = 0; fd >= 0 && waited < MS_FOR_HOST; waited += MS_BETWEEN_TRIES) {
        struct pollfd port = {.fd = (int)fd, .events = POLLOUT};
        CALL3(poll, &port, 1, 0);
        if ((port.revents & POLLHUP) == 0) {
            return fd;
        }
        sleep_milliseconds(MS_BETWEEN_TRIES);
    }
    return fd < 0 ? fd : -ETIMEDOUT;
}

long open_raw_serial_port(void) {
    long fd = CALL3(open, "/dev/ttyS0", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0);
    struct termios mode;
    if (fd < 0 || CALL3(ioctl, fd, TCGETS, &mode) != 0) {
        return fd < 0 ? fd : -ENOTTY;
    }
    mode.c_iflag = IGNBRK;
    mode.c_oflag = 0;
    mode.c_lflag = 0;
    mode.c_cflag |= CREAD | CLOCAL;
    mode.c_cc[VMIN] = 1;
    mode.c_cc[VTIME] = 0;
    return CALL3(ioctl, fd, TCSETS, &mode) == 0 ? fd : -ENOTTY;
}
