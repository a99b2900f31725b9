// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Running a function at CPL 3, where a guest runs at native speed even on a KVM whose supervisor
/// mode is an instruction emulator. All memory and MMIO is accessible there; port instructions,
/// `hlt` and all that is privileged are not, so print before or after.
namespace payload::user_mode {

/// Processors that can use it: the boot processor is slot 0, an application processor takes the
/// slot that its caller gives it.
constexpr unsigned kSlots = 4;

using Function = std::uint64_t (*)(std::uint64_t argument);

/// Gives the processor it runs on a task state segment and, once, sets the trap by which CPL 3
/// comes back. To be called once on each processor, at CPL 0.
void set_up(unsigned slot);

/// Runs `function` at CPL 3 with interrupts off, on a stack of its own (64 KiB); its result. An
/// exception there ends the payload as one at CPL 0 does. Not to be nested.
std::uint64_t run(unsigned slot, Function function, std::uint64_t argument);

}  // namespace payload::user_mode
