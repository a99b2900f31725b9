// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/guest_address.h"

namespace skiff::boot::x86_64 {

/// What every protocol hands over to the kernel, each in its own structure.
struct BootData {
    GuestAddress cmdline;
    std::uint64_t cmdline_size = 0;  ///< Without the NUL.
    std::optional<GuestRange> initrd;
    std::optional<std::uint64_t> rsdp_address;
    /// The first node of the list that only the Linux protocols have.
    std::optional<GuestAddress> setup_data;
};

}  // namespace skiff::boot::x86_64
