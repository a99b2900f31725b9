// SPDX-License-Identifier: Apache-2.0
//
// What the host tells the guest's init: the file SKIFF_ORDERS_PATH of the initramfs, a sequence of
// NUL-terminated strings. The first character of each says what the rest is. Included from C and
// from C++.
#pragma once

// The folder of what is skiff's in the guest's first root; nothing of the user's is in it.
#define SKIFF_FOLDER "/.skiff"
#define SKIFF_INIT_PATH SKIFF_FOLDER "/init"
#define SKIFF_ORDERS_PATH SKIFF_FOLDER "/orders"

#define SKIFF_ORDER_PROGRAM 'p'         // Path of the program; once.
#define SKIFF_ORDER_ARGUMENT 'a'        // One of argv, the first one included; in their order.
#define SKIFF_ORDER_ENVIRONMENT 'e'     // NAME=VALUE.
#define SKIFF_ORDER_WORKING_FOLDER 'c'  // Is made where it does not exist.
#define SKIFF_ORDER_TERMINAL 't'        // "ROWS COLUMNS": the command gets a terminal.
#define SKIFF_ORDER_ROOT_DISK 'd'       // Device of the read-only root: "/dev/vda".
#define SKIFF_ORDER_LOG_LEVEL 'l'       // The console's loglevel from here on, a digit.

// Registers of the power control (docs/devices/power-control.md), and where they are.
#define SKIFF_POWER_CONTROL_PORTS 0x600
#define SKIFF_POWER_CONTROL_PAGE 0xfe000000L
#define SKIFF_EXIT_STATUS_REGISTER 3
#define SKIFF_COMMAND_REGISTER 5
#define SKIFF_INPUT_CREDIT_REGISTER 6

// Values of the COMMAND register.
#define SKIFF_COMMAND_ON_PORTS 1    // Its streams are the named ports.
#define SKIFF_COMMAND_ON_SERIAL 2   // They are the serial port.
#define SKIFF_COMMAND_ON_HVC 3      // Its terminal is the virtio console.
#define SKIFF_COMMAND_ENDED 4       // EXIT_STATUS is how.
#define SKIFF_COMMAND_IMPOSSIBLE 5  // The console says why it could not be tried.

// One unit of INPUT_CREDIT: bytes that the serial port may bring.
#define SKIFF_INPUT_CREDIT_BYTES 64

// The ids of the named ports.
#define SKIFF_STDIN_PORT 1
#define SKIFF_STDOUT_PORT 2
#define SKIFF_STDERR_PORT 3

// Standard input on the serial port: the escape itself is sent as two of them, its end as an escape
// and an 'E'.
#define SKIFF_INPUT_ESCAPE 0x10
#define SKIFF_INPUT_END 'E'
