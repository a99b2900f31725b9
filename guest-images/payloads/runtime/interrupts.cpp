// SPDX-License-Identifier: Apache-2.0
#include "runtime/interrupts.h"

#include "runtime/console.h"
#include "runtime/machine_exit.h"

extern "C" {
extern char interrupt_stubs[];
void dispatch_interrupt(payload::InterruptFrame* frame);
}

namespace payload {
namespace {

constexpr std::uint64_t kStubSize = 16;
constexpr std::uint8_t kExceptionCount = 32;
constexpr std::uint16_t kCodeSelector = 0x08;
constexpr std::uint8_t kInterruptGate = 0x8e;

/// A gate of the table in 64-bit mode (Intel SDM 3A, 6.14.1).
struct [[gnu::packed]] Gate {
    std::uint16_t offset_low;
    std::uint16_t selector;
    std::uint8_t stack_table_entry;
    std::uint8_t type;
    std::uint16_t offset_middle;
    std::uint32_t offset_high;
    std::uint32_t reserved;
};
static_assert(sizeof(Gate) == 16);

struct [[gnu::packed]] TablePointer {
    std::uint16_t limit;
    std::uint64_t base;
};

alignas(16) Gate table[256];
InterruptHandler handlers[256];

void set_gate(std::uint8_t vector) {
    const auto stub = reinterpret_cast<std::uint64_t>(interrupt_stubs) + vector * kStubSize;
    table[vector] = {.offset_low = static_cast<std::uint16_t>(stub),
                     .selector = kCodeSelector,
                     .stack_table_entry = 0,
                     .type = kInterruptGate,
                     .offset_middle = static_cast<std::uint16_t>(stub >> 16),
                     .offset_high = static_cast<std::uint32_t>(stub >> 32),
                     .reserved = 0};
}

void give_up(const InterruptFrame& frame) {
    print("\nunexpected interrupt ", frame.vector, " error ", Hex{frame.error_code}, " rip ",
          Hex{frame.rip}, " rsp ", Hex{frame.rsp}, "\n");
    power_off(kUnexpectedException);
}

}  // namespace

void load_interrupt_table() {
    const TablePointer pointer = {.limit = sizeof(table) - 1,
                                  .base = reinterpret_cast<std::uint64_t>(table)};
    asm volatile("lidt %0" : : "m"(pointer));
}

void set_up_interrupts() {
    for (std::uint8_t vector = 0; vector < kExceptionCount; ++vector) {
        set_gate(vector);
    }
    load_interrupt_table();
}

void set_interrupt_handler(std::uint8_t vector, InterruptHandler handler) {
    handlers[vector] = handler;
    set_gate(vector);
}

}  // namespace payload

void dispatch_interrupt(payload::InterruptFrame* frame) {
    const auto vector = static_cast<std::uint8_t>(frame->vector);
    if (payload::handlers[vector] != nullptr) {
        payload::handlers[vector](*frame);
    } else {
        payload::give_up(*frame);
    }
}
