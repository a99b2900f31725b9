// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/debug/breakpoint_set.h"

#include <algorithm>

#include "vmm/machine/careful_memory.h"

namespace skiff::machine {
namespace {

using gdb::Breakpoint;
using gdb::BreakpointKind;
using kvm::x86_64::DebugSlot;
using kvm::x86_64::kDebugSlots;

constexpr std::array<std::uint8_t, 1> kInt3Byte = {0xcc};
constexpr std::size_t kMaxBreakpoints = 1024;
constexpr std::uint64_t kMaxWatchBytes = 64;

bool is_code(BreakpointKind kind) {
    return kind == BreakpointKind::kSoftware || kind == BreakpointKind::kHardware;
}

DebugSlot::Kind slot_kind(BreakpointKind kind) {
    if (is_code(kind)) {
        return DebugSlot::Kind::kExecute;
    }
    return kind == BreakpointKind::kWriteWatch ? DebugSlot::Kind::kWrite : DebugSlot::Kind::kAccess;
}

/// A debug register watches 1, 2, 4 or 8 bytes that are aligned to their size.
std::vector<DebugSlot> slots_for(const Breakpoint& breakpoint) {
    std::vector<DebugSlot> slots;
    std::uint64_t at = breakpoint.address;
    std::uint64_t left = is_code(breakpoint.kind) ? 1 : breakpoint.size_bytes;
    while (left != 0 && slots.size() <= kDebugSlots) {
        unsigned size = 8;
        while (size > left || at % size != 0) {
            size /= 2;
        }
        slots.push_back({.kind = slot_kind(breakpoint.kind), .address = at, .size_bytes = size});
        at += size;
        left -= size;
    }
    return slots;
}

}  // namespace

std::optional<std::string> BreakpointSet::insert(const Breakpoint& breakpoint,
                                                 const Translate& translate) {
    for (const Entry& entry : entries_) {
        if (entry.breakpoint == breakpoint) {
            return std::nullopt;
        }
    }
    if (entries_.size() == kMaxBreakpoints) {
        return "too many breakpoints";
    }
    Entry entry;
    entry.breakpoint = breakpoint;
    auto refusal = is_code(breakpoint.kind) ? insert_code(entry, translate) : insert_watch(entry);
    if (!refusal.has_value()) {
        entries_.push_back(std::move(entry));
    }
    return refusal;
}

std::optional<std::string> BreakpointSet::insert_code(Entry& entry, const Translate& translate) {
    const bool has_int3 = ability_.software_breakpoint || ability_.int3_is_refused;
    if (entry.breakpoint.kind == BreakpointKind::kSoftware && has_int3) {
        const auto place = translate(entry.breakpoint.address);
        if (place.has_value()) {
            entry.means = Means::kInt3;
            entry.place = *place;
            return put_int3(*place) ? std::nullopt : std::optional("no memory is there");
        }
        // Not mapped yet, as a kernel before it has turned paging on: a debug register waits for
        // the address whatever it is mapped to.
    }
    if (ability_.execute_slot) {
        entry.means = Means::kSlots;
        if (take_slots(entry)) {
            return std::nullopt;
        }
        return "the address is not mapped, or the processor's 4 debug registers are in use";
    }
    entry.means = Means::kSteps;
    return std::nullopt;
}

std::optional<std::string> BreakpointSet::insert_watch(Entry& entry) {
    const std::uint64_t size = entry.breakpoint.size_bytes;
    if (size == 0 || size > kMaxWatchBytes) {
        return "a watchpoint has 1 to 64 bytes";
    }
    if (ability_.write_slot) {
        entry.means = Means::kSlots;
        if (take_slots(entry)) {
            return std::nullopt;
        }
        return "the processor's 4 debug registers are not enough for that";
    }
    if (entry.breakpoint.kind != BreakpointKind::kWriteWatch) {
        return "this KVM watches no reads: only 'watch' can be had";
    }
    entry.means = Means::kSteps;
    return std::nullopt;
}

bool BreakpointSet::take_slots(Entry& entry) const {
    std::size_t used = 0;
    for (const Entry& other : entries_) {
        used += other.slots.size();
    }
    auto wanted = slots_for(entry.breakpoint);
    if (used + wanted.size() > kDebugSlots) {
        return false;
    }
    entry.slots = std::move(wanted);
    return true;
}

bool BreakpointSet::put_int3(GuestAddress place) {
    Int3& int3 = int3s_[place];
    if (int3.users++ != 0) {
        return true;
    }
    const bool done = read_carefully(memory_, place, {&int3.saved, 1}) &&
                      write_carefully(memory_, place, kInt3Byte);
    if (!done) {
        int3s_.erase(place);
    }
    return done;
}

void BreakpointSet::drop(const Entry& entry) {
    if (entry.means != Means::kInt3) {
        return;
    }
    const auto int3 = int3s_.find(entry.place);
    if (--int3->second.users != 0) {
        return;
    }
    std::uint8_t now = 0;
    // The guest may have put something else there meanwhile.
    if (read_carefully(memory_, entry.place, {&now, 1}) && now == kInt3Byte[0]) {
        static_cast<void>(write_carefully(memory_, entry.place, {&int3->second.saved, 1}));
    }
    int3s_.erase(int3);
}

void BreakpointSet::remove(const Breakpoint& breakpoint) {
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        return entry.breakpoint == breakpoint;
    });
    if (found != entries_.end()) {
        drop(*found);
        entries_.erase(found);
    }
}

void BreakpointSet::remove_all() {
    for (const Entry& entry : entries_) {
        drop(entry);
    }
    entries_.clear();
}

bool BreakpointSet::needs_steps() const {
    return std::any_of(entries_.begin(), entries_.end(),
                       [](const Entry& entry) { return entry.means == Means::kSteps; });
}

std::array<DebugSlot, kDebugSlots> BreakpointSet::slots() const {
    std::array<DebugSlot, kDebugSlots> all{};
    std::size_t next = 0;
    for (const Entry& entry : entries_) {
        for (const DebugSlot& slot : entry.slots) {
            all.at(next++) = slot;
        }
    }
    return all;
}

const Breakpoint* BreakpointSet::behind_slot(std::size_t slot) const {
    for (const Entry& entry : entries_) {
        if (slot < entry.slots.size()) {
            return &entry.breakpoint;
        }
        slot -= entry.slots.size();
    }
    return nullptr;
}

const Breakpoint* BreakpointSet::stepped_at(std::uint64_t linear_address) const {
    for (const Entry& entry : entries_) {
        if (entry.means == Means::kSteps && is_code(entry.breakpoint.kind) &&
            entry.breakpoint.address == linear_address) {
            return &entry.breakpoint;
        }
    }
    return nullptr;
}

std::vector<Breakpoint> BreakpointSet::stepped_watches() const {
    std::vector<Breakpoint> watches;
    for (const Entry& entry : entries_) {
        if (entry.means == Means::kSteps && !is_code(entry.breakpoint.kind)) {
            watches.push_back(entry.breakpoint);
        }
    }
    return watches;
}

void BreakpointSet::hide(GuestAddress address, std::span<std::uint8_t> bytes) const {
    for (auto int3 = int3s_.lower_bound(address); int3 != int3s_.end(); ++int3) {
        const std::uint64_t offset = int3->first.value() - address.value();
        if (offset >= bytes.size()) {
            break;
        }
        if (bytes[offset] == kInt3Byte[0]) {
            bytes[offset] = int3->second.saved;
        }
    }
}

void BreakpointSet::keep(GuestAddress address, std::span<std::uint8_t> bytes) {
    for (auto int3 = int3s_.lower_bound(address); int3 != int3s_.end(); ++int3) {
        const std::uint64_t offset = int3->first.value() - address.value();
        if (offset >= bytes.size()) {
            break;
        }
        int3->second.saved = bytes[offset];
        bytes[offset] = kInt3Byte[0];
    }
}

}  // namespace skiff::machine
