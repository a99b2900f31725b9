// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/event_counter.h"
#include "vmm/kvm/vcpu.h"

namespace skiff::machine {

inline constexpr std::size_t kExitKinds =
    static_cast<std::size_t>(kvm::VcpuExit::Kind::kUnhandled) + 1;

/// How often a vCPU left the guest, by kvm::VcpuExit::Kind.
using ExitCounts = std::array<std::uint64_t, kExitKinds>;

/// The same while it runs: counted by the vCPU's thread, in a cache line of its own, and read by
/// any.
class alignas(64) ExitCounters {
  public:
    void count(kvm::VcpuExit::Kind kind) { counters_[static_cast<std::size_t>(kind)].add(1); }
    ExitCounts counts() const {
        ExitCounts counts{};
        for (std::size_t kind = 0; kind < kExitKinds; ++kind) {
            counts[kind] = counters_[kind].value();
        }
        return counts;
    }

  private:
    std::array<EventCounter, kExitKinds> counters_;
};

}  // namespace skiff::machine
