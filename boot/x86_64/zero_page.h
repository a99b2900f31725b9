// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/guest_memory.h"
#include "base/result.h"
#include "boot/bzimage.h"
#include "boot/memory_plan.h"
#include "boot/x86_64/boot_data.h"

namespace skiff::boot::x86_64 {

/// Claims and writes struct boot_params (Documentation/x86/zero-page.rst) with the set-up header of
/// `bzimage`, or a made-up one for an ELF kernel, and the fields that a loader must fill in;
/// `load_address` is where the kernel begins. Answers its address, which the entries want in RSI.
Result<std::uint64_t> write_zero_page(GuestMemory& memory, MemoryPlan& plan,
                                      const std::optional<BzImage>& bzimage,
                                      std::uint64_t load_address, const BootData& data);

}  // namespace skiff::boot::x86_64
