// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// The interrupt descriptor table. An exception that has no handler is printed and ends the payload
/// with kUnexpectedException.
namespace payload {

/// The stack as interrupt_stubs.S leaves it.
struct InterruptFrame {
    std::uint64_t rbp, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;
    std::uint64_t vector;
    std::uint64_t error_code;
    std::uint64_t rip, cs, rflags, rsp, ss;
};

using InterruptHandler = void (*)(InterruptFrame& frame);

/// Status of a payload that met an exception it did not ask for.
constexpr std::uint8_t kUnexpectedException = 99;

/// Loads the table (on every processor that is to take interrupts).
void load_interrupt_table();
/// Makes the table, with the exceptions in it, and loads it.
void set_up_interrupts();
/// `handler` runs for `vector` from now on, on all processors. It must itself acknowledge its
/// source.
void set_interrupt_handler(std::uint8_t vector, InterruptHandler handler);

}  // namespace payload
