// SPDX-License-Identifier: Apache-2.0
//
// The way to CPL 3 and back (user_mode.h).

.set kSelectorUserData, 0x2b
.set kSelectorUserCode, 0x33
.set kFlagsInterruptsOff, 0x2

.code64
.section .text, "ax"

// uint64_t enter_user_mode(function, argument, user_stack, uint64_t* saved_stack)
.globl enter_user_mode
enter_user_mode:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rcx)
    mov %rdi, %rax
    mov %rsi, %rdi
    push $kSelectorUserData
    push %rdx
    push $kFlagsInterruptsOff
    push $kSelectorUserCode
    push $user_mode_start
    iretq

// At CPL 3: RAX is the function, RDI its argument.
user_mode_start:
    call *%rax
.globl user_mode_return
user_mode_return:
    ud2

// [[noreturn]] void leave_user_mode(saved_stack, result): returns from enter_user_mode().
.globl leave_user_mode
leave_user_mode:
    mov %rdi, %rsp
    mov %rsi, %rax
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

.section .note.GNU-stack, "", @progbits
