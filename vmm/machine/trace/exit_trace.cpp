// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/trace/exit_trace.h"

#include <algorithm>
#include <limits>

namespace skiff::machine {
namespace {

/// Fibonacci hashing: neighbouring ports go far apart.
std::size_t slot_of(ExitTrace::Kind kind, std::uint64_t address, std::size_t slots) {
    const std::uint64_t mixed =
        (address * 16 + static_cast<std::uint64_t>(kind)) * 0x9e3779b97f4a7c15;
    return static_cast<std::size_t>((mixed >> 32) % slots);
}

template <typename To>
To clamped(std::uint64_t value) {
    return static_cast<To>(std::min<std::uint64_t>(value, std::numeric_limits<To>::max()));
}

}  // namespace

ExitTrace::ExitTrace(std::size_t max_events) : slots_(kSlots), max_events_(max_events) {
    events_.reserve(max_events);
}

ExitTrace::Totals& ExitTrace::totals_of(Kind kind, std::uint64_t address) {
    // At most half of the slots are used, so the search ends.
    for (std::size_t at = slot_of(kind, address, kSlots);; at = (at + 1) % kSlots) {
        Row& row = slots_[at];
        if (row.totals.count != 0 && row.kind == kind && row.address == address) {
            return row.totals;
        }
        if (row.totals.count != 0) {
            continue;
        }
        if (used_ == kMaxRows) {
            return rest_.at(static_cast<std::size_t>(kind));
        }
        ++used_;
        row.kind = kind;
        row.address = address;
        return row.totals;
    }
}

void ExitTrace::end(const kvm::VcpuExit& exit) {
    const auto now = Clock::now();
    const std::uint64_t address = has_address(exit.kind) ? exit.address : 0;
    const Clock::duration time = now - began_;
    Totals& totals = totals_of(exit.kind, address);
    ++totals.count;
    totals.bytes += exit.data.size();
    totals.time += time;
    totals.longest = std::max(totals.longest, time);
    time_inside_ += count_ == 0 ? Clock::duration(0) : began_ - ended_;
    time_outside_ += time;
    ++count_;
    ended_ = now;
    if (events_.size() == max_events_) {
        ++dropped_events_;
        return;
    }
    events_.push_back({.start = began_,
                       .address = address,
                       .nanoseconds = clamped<std::uint32_t>(static_cast<std::uint64_t>(
                           std::chrono::duration_cast<std::chrono::nanoseconds>(time).count())),
                       .bytes = clamped<std::uint16_t>(exit.data.size()),
                       .kind = exit.kind});
}

std::vector<ExitTrace::Row> ExitTrace::rows() const {
    std::vector<Row> rows;
    std::copy_if(slots_.begin(), slots_.end(), std::back_inserter(rows),
                 [](const Row& row) { return row.totals.count != 0; });
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
        if (rest_.at(kind).count != 0) {
            rows.push_back({static_cast<Kind>(kind), 0, true, rest_.at(kind)});
        }
    }
    return rows;
}

const char* exit_name(kvm::VcpuExit::Kind kind) {
    using Kind = kvm::VcpuExit::Kind;
    switch (kind) {
        case Kind::kPortRead:
            return "port read";
        case Kind::kPortWrite:
            return "port write";
        case Kind::kMmioRead:
            return "MMIO read";
        case Kind::kMmioWrite:
            return "MMIO write";
        case Kind::kInterrupted:
            return "interrupted";
        case Kind::kTripleFault:
            return "triple fault";
        case Kind::kSystemReset:
            return "system reset";
        case Kind::kSystemOff:
            return "system off";
        case Kind::kInternalError:
            return "internal error";
        case Kind::kFailEntry:
            return "failed entry";
        case Kind::kDebug:
            return "debug";
        case Kind::kUnhandled:
            break;
    }
    return "unknown";
}

bool has_address(kvm::VcpuExit::Kind kind) {
    using Kind = kvm::VcpuExit::Kind;
    return kind == Kind::kPortRead || kind == Kind::kPortWrite || kind == Kind::kMmioRead ||
           kind == Kind::kMmioWrite;
}

}  // namespace skiff::machine
