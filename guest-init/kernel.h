// SPDX-License-Identifier: Apache-2.0
//
// What the init needs of the kernel's interface beside the system calls, and small helpers.
#pragma once

#include <asm/ioctls.h>
#include <asm/poll.h>
#include <asm/signal.h>
#include <asm/stat.h>
#include <asm/termbits.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/reboot.h>
#include <linux/stat.h>
#include <linux/wait.h>

#include "guest-images/initramfs/system_call.h"

#define CALL5(name, a, b, c, d, e) \
    call(__NR_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define CALL6(name, a, b, c, d, e, f) \
    call(__NR_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#define NULL_POINTER ((void*)0)

// A newly made node's numbers, as mknod takes them.
static inline long device_number(long major, long minor) {
    return major << 8 | minor;
}

static inline void sleep_milliseconds(long milliseconds) {
    long time[2] = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    CALL2(nanosleep, time, 0);
}

// Writes all of it, for messages: waits where it has to.
static inline void write_text(long fd, const char* text) {
    CALL3(write, fd, text, length(text));
}
