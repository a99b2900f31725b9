// SPDX-License-Identifier: Apache-2.0
#include "runtime/user_mode.h"

#include "runtime/console.h"
#include "runtime/interrupts.h"
#include "runtime/machine_exit.h"

extern "C" {
extern std::uint64_t global_descriptor_table[];
extern char user_mode_return[];
std::uint64_t enter_user_mode(payload::user_mode::Function function, std::uint64_t argument,
                              std::uint64_t user_stack, std::uint64_t* saved_stack);
[[noreturn]] void leave_user_mode(std::uint64_t saved_stack, std::uint64_t result);
}

namespace payload::user_mode {
namespace {

constexpr std::uint8_t kInvalidOpcode = 6;

/// Task state segment in 64-bit mode (Intel SDM 3A, 7.7).
struct [[gnu::packed]] TaskState {
    std::uint32_t reserved0;
    std::uint64_t stack_of_cpl[3];
    std::uint64_t reserved1;
    std::uint64_t interrupt_stacks[7];
    std::uint64_t reserved2;
    std::uint16_t reserved3;
    std::uint16_t io_map_base;
};
static_assert(sizeof(TaskState) == 104);

constexpr std::uint16_t kFirstTaskSelector = 0x40;
constexpr std::uint64_t kAvailableTaskState = 0x89;

constexpr std::uint64_t kTrapStackSize = 8192;
constexpr std::uint64_t kUserStackSize = 65536;

struct Processor {
    alignas(16) std::uint8_t trap_stack[kTrapStackSize];
    alignas(16) std::uint8_t user_stack[kUserStackSize];
    alignas(16) TaskState task;
    std::uint64_t saved_stack;
};
Processor processors[kSlots];

/// Descriptor of a task state segment (Intel SDM 3A, 7.2.3).
void write_descriptor(std::uint64_t* descriptor, const TaskState& task) {
    const auto base = reinterpret_cast<std::uint64_t>(&task);
    const std::uint64_t limit = sizeof(TaskState) - 1;
    descriptor[0] =
        limit | (base & 0xffffff) << 16 | kAvailableTaskState << 40 | (base >> 24 & 0xff) << 56;
    descriptor[1] = base >> 32;
}

/// CPL 3 comes back by one undefined instruction at a known place; any other is a mistake.
void on_invalid_opcode(InterruptFrame& frame) {
    if (frame.rip != reinterpret_cast<std::uint64_t>(user_mode_return)) {
        print("\ninvalid opcode at ", Hex{frame.rip}, "\n");
        power_off(kUnexpectedException);
    }
    for (Processor& processor : processors) {
        const auto stack = reinterpret_cast<std::uint64_t>(processor.trap_stack);
        const auto at = reinterpret_cast<std::uint64_t>(&frame);
        if (at >= stack && at < stack + kTrapStackSize) {
            leave_user_mode(processor.saved_stack, frame.rax);
        }
    }
}

}  // namespace

void set_up(unsigned slot) {
    Processor& processor = processors[slot];
    processor.task.stack_of_cpl[0] =
        reinterpret_cast<std::uint64_t>(processor.trap_stack) + kTrapStackSize;
    processor.task.io_map_base = sizeof(TaskState);
    const auto selector = static_cast<std::uint16_t>(kFirstTaskSelector + 16 * slot);
    write_descriptor(&global_descriptor_table[selector / 8], processor.task);
    asm volatile("ltr %0" : : "r"(selector));
    set_interrupt_handler(kInvalidOpcode, on_invalid_opcode);
}

std::uint64_t run(unsigned slot, Function function, std::uint64_t argument) {
    Processor& processor = processors[slot];
    const auto stack = reinterpret_cast<std::uint64_t>(processor.user_stack) + kUserStackSize;
    return enter_user_mode(function, argument, stack, &processor.saved_stack);
}

}  // namespace payload::user_mode
