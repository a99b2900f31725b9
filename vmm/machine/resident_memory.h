// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/guest_memory.h"

namespace skiff::machine {

/// Memory of the host that this process has in use, huge pages included.
struct ResidentMemory {
    std::uint64_t guest_bytes = 0;  ///< The guest's RAM, pages that it shares with files included.
    std::uint64_t vmm_bytes = 0;    ///< All the rest.
};

/// Adds up the lines of /proc/PID/smaps (proc(5)).
class ResidentSum {
  public:
    /// Host addresses, from and up to.
    struct Range {
        std::uint64_t start;
        std::uint64_t end;
    };
    /// `guest`: where the guest's RAM is; outlives the sum.
    explicit ResidentSum(std::span<const Range> guest) : guest_(guest) {}

    /// A line without its line break.
    void add(std::string_view line);
    const ResidentMemory& sum() const { return sum_; }

  private:
    std::span<const Range> guest_;
    bool is_guest_ = false;
    ResidentMemory sum_;
};

/// Of this process; nothing where /proc does not tell. The kernel walks all page tables for it.
std::optional<ResidentMemory> resident_memory(const GuestMemory& memory);

}  // namespace skiff::machine
