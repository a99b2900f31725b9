// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/guest_address.h"
#include "base/guest_memory.h"
#include "vmm/gdb/target.h"
#include "vmm/kvm/x86_64/debug_probe.h"
#include "vmm/kvm/x86_64/guest_debug.h"

namespace skiff::machine {

/// The breakpoints and watchpoints of a debugger, and by which means each is kept: INT3 in guest
/// memory, a debug register, or, where this KVM has neither, by a single step at a time.
///
/// Changed while all vCPUs stand; looked at by vCPU threads while they run.
class BreakpointSet {
  public:
    using Translate = std::function<std::optional<GuestAddress>(std::uint64_t linear_address)>;

    BreakpointSet(GuestMemory& memory, const kvm::x86_64::DebugAbility& ability)
        : memory_(memory), ability_(ability) {}

    /// Nothing where it is kept, else why not.
    std::optional<std::string> insert(const gdb::Breakpoint& breakpoint,
                                      const Translate& translate);
    void remove(const gdb::Breakpoint& breakpoint);
    void remove_all();

    bool has_int3() const { return !int3s_.empty(); }
    /// Whether vCPUs have to run step by step.
    bool needs_steps() const;
    std::array<kvm::x86_64::DebugSlot, kvm::x86_64::kDebugSlots> slots() const;

    /// Whether an INT3 of ours is there.
    bool is_int3(GuestAddress address) const { return int3s_.contains(address); }
    /// The breakpoint behind a debug register.
    const gdb::Breakpoint* behind_slot(std::size_t slot) const;
    /// What is kept by steps at an instruction.
    const gdb::Breakpoint* stepped_at(std::uint64_t linear_address) const;
    /// The write watches that are kept by steps.
    std::vector<gdb::Breakpoint> stepped_watches() const;

    /// Bytes that were read from `address`, as they are without our INT3s.
    void hide(GuestAddress address, std::span<std::uint8_t> bytes) const;
    /// Bytes that are about to be written to `address`: those under INT3s are kept for later.
    void keep(GuestAddress address, std::span<std::uint8_t> bytes);

  private:
    enum class Means { kInt3, kSlots, kSteps };
    struct Entry {
        gdb::Breakpoint breakpoint;
        Means means = Means::kInt3;
        GuestAddress place;                         // for kInt3
        std::vector<kvm::x86_64::DebugSlot> slots;  // for kSlots
    };
    struct Int3 {
        std::uint8_t saved = 0;
        unsigned users = 0;
    };

    std::optional<std::string> insert_code(Entry& entry, const Translate& translate);
    std::optional<std::string> insert_watch(Entry& entry);
    bool take_slots(Entry& entry) const;
    bool put_int3(GuestAddress place);
    void drop(const Entry& entry);

    GuestMemory& memory_;
    kvm::x86_64::DebugAbility ability_;
    std::vector<Entry> entries_;
    std::map<GuestAddress, Int3> int3s_;
};

}  // namespace skiff::machine
