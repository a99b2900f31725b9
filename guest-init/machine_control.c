// SPDX-License-Identifier: Apache-2.0
#include "guest-init/machine_control.h"

#include "guest-init/kernel.h"
#include "guest-init/orders.h"

static long port_file = -1;
static volatile unsigned char* page;
static int has_port_access;

// The node of devtmpfs, or where there is none a node of our own.
static long open_memory_device(const char* node, const char* own_node, long minor) {
    long fd = CALL3(open, node, O_RDWR | O_SYNC | O_CLOEXEC, 0);
    if (fd == -ENOENT) {
        CALL3(mknod, own_node, S_IFCHR | 0600, device_number(1, minor));
        fd = CALL3(open, own_node, O_RDWR | O_SYNC | O_CLOEXEC, 0);
    }
    return fd;
}

int find_machine_control(void) {
    port_file = open_memory_device("/dev/port", SKIFF_FOLDER "/port", 4);
    if (port_file >= 0) {
        return 1;
    }
    long memory = open_memory_device("/dev/mem", SKIFF_FOLDER "/mem", 1);
    if (memory >= 0) {
        long mapped = CALL6(mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory,
                            SKIFF_POWER_CONTROL_PAGE);
        CALL1(close, memory);
        if (mapped > 0) {
            page = (volatile unsigned char*)mapped;
            return 1;
        }
    }
    // Not where KVM emulates kernel mode: there the instruction would be a fault. But it is the
    // last way.
    has_port_access = CALL3(ioperm, SKIFF_POWER_CONTROL_PORTS, 8, 1) == 0;
    return has_port_access;
}

void write_machine_control(int number, int value) {
    unsigned char byte = (unsigned char)value;
    if (port_file >= 0) {
        CALL4(pwrite64, port_file, &byte, 1, SKIFF_POWER_CONTROL_PORTS + number);
    } else if (page != NULL_POINTER) {
        page[number] = byte;
    } else if (has_port_access) {
        __asm__ volatile("outb %0, %1"
                         :
                         : "a"(byte), "d"((unsigned short)(SKIFF_POWER_CONTROL_PORTS + number)));
    }
}
