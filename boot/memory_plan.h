// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/guest_address.h"
#include "base/guest_memory.h"
#include "base/result.h"

namespace skiff::boot {

/// What lies where in guest RAM while a guest is built. Everything that is loaded claims its range
/// first, so that nothing overlaps anything else, nothing leaves RAM and nothing lands in a
/// reserved range.
class MemoryPlan {
  public:
    struct Claim {
        std::string name;
        GuestRange range;
    };

    /// The RAM of `memory` without `reserved`, all of it free. `memory` outlives the plan.
    MemoryPlan(const GuestMemory& memory, GuestRange reserved);

    /// Takes a range. A user error says which RAM is missing or what is there already.
    Result<void> claim(const std::string& name, GuestRange range);

    /// Whether the range is free RAM.
    bool is_free(GuestRange range) const;

    /// The highest free range of `size` bytes at a multiple of `alignment` (a power of two) that
    /// ends at `end_limit` or below.
    std::optional<GuestAddress> find_highest(std::uint64_t size, std::uint64_t alignment,
                                             std::uint64_t end_limit) const;

    /// The lowest one that begins at `start_limit` or above.
    std::optional<GuestAddress> find_lowest(std::uint64_t size, std::uint64_t alignment,
                                            std::uint64_t start_limit) const;

    /// "RAM 0x0-0x9fc00, 0x100000-0x8000000": for messages.
    std::string describe_ram() const;

    const std::vector<Claim>& claims() const { return claims_; }

  private:
    bool is_ram(const GuestRange& range) const;
    const Claim* overlapping(const GuestRange& range) const;

    std::vector<GuestRange> ram_;  ///< Ascending.
    std::vector<Claim> claims_;
};

/// "0x100000-0x200000", the end not included.
std::string describe_range(const GuestRange& range);

}  // namespace skiff::boot
