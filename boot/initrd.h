// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/file.h"
#include "base/guest_address.h"
#include "base/guest_memory.h"
#include "base/result.h"
#include "boot/memory_plan.h"
#include "boot/segment_loader.h"

namespace skiff::boot {

/// Where an initrd may end by the kernel's word: initrd_addr_max of x86-64 kernels and what
/// boot.rst assumes for those that do not say (the highest byte, so both are one less than a
/// multiple of the page size).
inline constexpr std::uint64_t kInitrdMax64 = 0x7fffffff;
inline constexpr std::uint64_t kInitrdMaxLegacy = 0x37ffffff;

struct PlacedInitrd {
    GuestRange range;  ///< The file's bytes; the rest of the last page is zero.
    LoadMethod method = LoadMethod::kCopied;
};

/// Puts the initrd at the highest page-aligned place that is free and whose last byte is not above
/// `highest_byte`, and claims it in the plan. The kernel must have claimed its memory before.
Result<PlacedInitrd> place_initrd(GuestMemory& memory, MemoryPlan& plan, const File& file,
                                  std::uint64_t highest_byte);

}  // namespace skiff::boot
