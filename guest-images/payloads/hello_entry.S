// SPDX-License-Identifier: Apache-2.0
//
// The entry point of `hello`: one byte on the serial port before anything else, so that the time to
// the first byte is the VMM's own. EBX (hvm_start_info) stays as it is.

.set kSerialPort, 0x3f8

.code32
.section .text.start, "ax"
.globl pvh_entry
pvh_entry:
    mov $kSerialPort, %edx
    mov $'H', %al
    out %al, %dx
    jmp pvh_start

.section .note.GNU-stack, "", @progbits
