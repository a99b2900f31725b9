// SPDX-License-Identifier: Apache-2.0
//
// One 16-byte stub for each of the 256 vectors: it makes the stack frames equal (an error code of 0
// where the processor pushes none) and goes on to dispatch_interrupt(InterruptFrame*).

.code64
.section .text, "ax"

.balign 16
.globl interrupt_stubs
interrupt_stubs:
.set vector, 0
.rept 256
    .balign 16
    // Exceptions that push an error code: #DF, #TS, #NP, #SS, #GP, #PF, #AC, #CP, #VC, #SX.
    .if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
    push $0
    .endif
    push $vector
    jmp interrupt_common
    .set vector, vector + 1
.endr

interrupt_common:
    push %rax
    push %rcx
    push %rdx
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %r11
    push %rbp
    // Ten registers, vector, error code and the processor's frame (which starts 16-byte aligned and
    // has five words) are 17 words: one more keeps the stack aligned as the ABI asks at a call.
    sub $8, %rsp
    cld
    lea 8(%rsp), %rdi
    call dispatch_interrupt
    add $8, %rsp
    pop %rbp
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rdx
    pop %rcx
    pop %rax
    add $16, %rsp
    iretq

.section .note.GNU-stack, "", @progbits
