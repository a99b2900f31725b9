// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <vector>

#include "vmm/kvm/vcpu.h"

namespace skiff::machine {

/// Counts and times the exits of one vCPU by kind and address. Belongs to the vCPU's thread while
/// the guest runs, and to any one after that. What a guest does with any number of addresses takes
/// no more memory than is taken at the start; begin() and end() do not allocate.
class ExitTrace {
  public:
    using Clock = std::chrono::steady_clock;
    using Kind = kvm::VcpuExit::Kind;

    /// How many pairs of kind and address are told apart; the rest is counted by kind alone.
    static constexpr std::size_t kMaxRows = 256;

    struct Totals {
        std::uint64_t count = 0;
        std::uint64_t bytes = 0;
        Clock::duration time{0};  ///< From KVM_RUN's return until the exit was handled.
        Clock::duration longest{0};
    };
    struct Row {
        Kind kind = Kind::kInterrupted;
        std::uint64_t address = 0;
        /// Whether it stands for all addresses that have no row of their own.
        bool is_rest = false;
        Totals totals;
    };
    /// One exit.
    struct Event {
        Clock::time_point start;
        std::uint64_t address;
        std::uint32_t nanoseconds;
        std::uint16_t bytes;
        Kind kind;
    };

    /// Keeps the first `max_events` exits one by one; the others are counted.
    explicit ExitTrace(std::size_t max_events);

    /// KVM_RUN came back.
    void begin() { began_ = Clock::now(); }
    /// The exit is handled, and KVM_RUN is next.
    void end(const kvm::VcpuExit& exit);

    std::vector<Row> rows() const;
    const std::vector<Event>& events() const { return events_; }
    std::uint64_t dropped_events() const { return dropped_events_; }
    std::uint64_t count() const { return count_; }
    /// Time outside of KVM_RUN, and inside between the first exit and the last.
    Clock::duration time_outside() const { return time_outside_; }
    Clock::duration time_inside() const { return time_inside_; }

  private:
    static constexpr std::size_t kSlots = 2 * kMaxRows;
    static constexpr std::size_t kKinds = static_cast<std::size_t>(Kind::kUnhandled) + 1;

    Totals& totals_of(Kind kind, std::uint64_t address);

    std::vector<Row> slots_;  ///< A hash table with linear probing; a count of 0 is a free slot.
    std::size_t used_ = 0;
    std::array<Totals, kKinds> rest_{};
    std::vector<Event> events_;
    std::size_t max_events_;
    std::uint64_t dropped_events_ = 0;
    std::uint64_t count_ = 0;
    Clock::time_point began_;
    Clock::time_point ended_;
    Clock::duration time_outside_{0};
    Clock::duration time_inside_{0};
};

/// "port write", "MMIO read", "interrupted", …
const char* exit_name(kvm::VcpuExit::Kind kind);
/// Whether exits of this kind have an address.
bool has_address(kvm::VcpuExit::Kind kind);

}  // namespace skiff::machine
