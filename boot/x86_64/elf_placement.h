// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/guest_memory.h"
#include "base/result.h"
#include "boot/kernel_image.h"
#include "boot/memory_plan.h"
#include "boot/x86_64/kernel_placement.h"

namespace skiff::boot::x86_64 {

/// How far from its linked place (0 preferred, modulo 2^64) the ELF can be loaded for this entry
/// protocol; nothing where no place is free.
std::optional<std::uint64_t> find_displacement(const MemoryPlan& plan, const KernelImage& kernel,
                                               EntryProtocol protocol);

/// Loads the ELF that far from its linked place, and relocates it.
Result<PlacedKernel> place_elf(GuestMemory& memory, MemoryPlan& plan, const KernelImage& kernel,
                               EntryProtocol protocol, std::uint64_t displacement);

}  // namespace skiff::boot::x86_64
