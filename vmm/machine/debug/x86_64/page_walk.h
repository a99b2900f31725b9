// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/guest_address.h"
#include "base/guest_memory.h"

namespace skiff::machine::x86_64 {

/// What decides how a processor translates addresses (Intel SDM vol. 3, chapter 4).
struct PagingMode {
    std::uint64_t cr0 = 0, cr3 = 0, cr4 = 0, efer = 0;
};

struct PageTranslation {
    GuestAddress address;            ///< Of the byte that was asked for.
    std::uint64_t left_in_page = 0;  ///< Bytes from there to the end of its page: at least 1.
};

/// Walks the guest's own page tables as its processor would: no paging, 32-bit, PAE, 4 and 5
/// levels, with large pages. Permissions are not looked at, as for a debugger. Nothing where the
/// address is not mapped, is not canonical, or a table lies outside of RAM. At most 5 reads.
std::optional<PageTranslation> translate(const GuestMemory& memory, const PagingMode& mode,
                                         std::uint64_t linear_address);

}  // namespace skiff::machine::x86_64
