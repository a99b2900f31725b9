// SPDX-License-Identifier: Apache-2.0
// The guest's init as bytes of the program (guest_init.h).
    .section .rodata.skiff_guest_init, "a"
    .globl skiff_guest_init_begin
    .globl skiff_guest_init_end
    .hidden skiff_guest_init_begin
    .hidden skiff_guest_init_end
    .balign 16
skiff_guest_init_begin:
    .incbin INIT_BINARY
skiff_guest_init_end:
    .section .note.GNU-stack, "", @progbits
