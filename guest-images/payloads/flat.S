// SPDX-License-Identifier: Apache-2.0
//
// A flat image, entered at its first byte without a stack: prints the mode for which it was made
// (MODE: 16, 32 or 64) and ends through the debug exit port with that number.

.set kSerialPort, 0x3f8
.set kDebugExitPort, 0xf4

#if MODE == 16
.code16
#define SOURCE %si
#elif MODE == 32
.code32
#define SOURCE %esi
#else
.code64
#define SOURCE %rsi
#endif

.section .text.start, "ax"
.globl flat_start
flat_start:
    mov $message, SOURCE
    mov $kSerialPort, %dx
1:  lodsb
    test %al, %al
    jz 2f
    out %al, %dx
    jmp 1b
2:
#if MODE == 16
    /* The timer ticks, and its interrupt comes back: else this never ends. */
    sti
    hlt
    hlt
    cli
#endif
    mov $MODE, %eax
    out %eax, $kDebugExitPort
3:  hlt
    jmp 3b
message:
    .ascii "a flat image in mode "
#if MODE == 16
    .asciz "16\n"
#elif MODE == 32
    .asciz "32\n"
#else
    .asciz "64\n"
#endif

.section .note.GNU-stack, "", @progbits
