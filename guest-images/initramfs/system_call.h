// SPDX-License-Identifier: Apache-2.0
//
// System calls without a libc, for the programs of the guest images.
#pragma once

#include <asm/unistd.h>

static long call(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#define CALL0(name) call(__NR_##name, 0, 0, 0, 0, 0, 0)
#define CALL1(name, a) call(__NR_##name, (long)(a), 0, 0, 0, 0, 0)
#define CALL2(name, a, b) call(__NR_##name, (long)(a), (long)(b), 0, 0, 0, 0)
#define CALL3(name, a, b, c) call(__NR_##name, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define CALL4(name, a, b, c, d) call(__NR_##name, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

static long length(const char* text) {
    long n = 0;
    while (text[n] != 0) {
        n++;
    }
    return n;
}

// The entry: `main_function(stack)`, with argc, argv…, 0, envp…, 0 on the stack.
#define START(main_function)   \
    __asm__(                   \
        ".globl _start\n"      \
        "_start:\n"            \
        "    xor %ebp, %ebp\n" \
        "    mov %rsp, %rdi\n" \
        "    and $-16, %rsp\n" \
        "    call " #main_function "\n");
