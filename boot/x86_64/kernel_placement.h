// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/guest_memory.h"
#include "base/result.h"
#include "boot/kernel_image.h"
#include "boot/memory_plan.h"
#include "boot/x86_64/boot_loader.h"
#include "boot/x86_64/entry_choice.h"

namespace skiff::boot::x86_64 {

/// A kernel in guest memory.
struct PlacedKernel {
    EntryChoice choice;
    std::uint64_t entry = 0;         ///< Physical address of the first instruction.
    std::uint64_t load_address = 0;  ///< Where it begins.
    std::uint64_t symbol_offset = 0;
    std::vector<Placement> placements;
};

/// Finds a place for the kernel, loads it there and relocates it where that is needed: by the
/// first of `choices` for which there is a place. Claims what it needs until it knows the memory
/// map itself. A user error says what is in the way, or how much memory is needed.
Result<PlacedKernel> place_kernel(GuestMemory& memory, MemoryPlan& plan, const KernelImage& kernel,
                                  const std::vector<EntryChoice>& choices);

}  // namespace skiff::boot::x86_64
