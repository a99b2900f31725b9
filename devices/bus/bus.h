// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/guest_address.h"
#include "base/result.h"
#include "devices/bus/bus_device.h"

namespace skiff::devices {

/// An address space of devices: one for port I/O, one for MMIO.
///
/// Filled while the machine is built, immutable afterwards, so that vCPU threads look devices up
/// without a lock. Devices must outlive the bus.
class Bus {
  public:
    struct Entry {
        GuestRange range;
        std::string name;
        BusDevice* device;
    };

    /// One unclaimed or refused address and how often the guest touched it.
    struct Unclaimed {
        std::uint64_t address;
        std::uint64_t count;
    };

    /// Claims `range` for `device`. Fails (naming both) where it overlaps another device.
    Result<void> insert(const GuestRange& range, std::string name, BusDevice& device);

    /// Guest access of 1, 2, 4 or 8 bytes (others are answered like unclaimed ones). An access that
    /// no device claims whole, or that its device refuses, reads all-ones, ignores the write, and
    /// is counted.
    void read(std::uint64_t address, std::span<std::uint8_t> data);
    void write(std::uint64_t address, std::span<const std::uint8_t> data);

    const std::vector<Entry>& entries() const { return entries_; }

    /// The first kMaxListed distinct unclaimed addresses, and how many accesses there were in all.
    std::vector<Unclaimed> unclaimed() const;
    std::uint64_t unclaimed_total() const {
        return unclaimed_total_.load(std::memory_order_relaxed);
    }

  private:
    static constexpr std::size_t kMaxListed = 32;
    struct UnclaimedSlot {
        std::atomic<std::uint64_t> address_plus_one{0};  // 0: free
        std::atomic<std::uint64_t> count{0};
    };

    const Entry* find(std::uint64_t address, std::size_t size_bytes) const;
    void count_unclaimed(std::uint64_t address);

    std::vector<Entry> entries_;  // sorted by start
    std::atomic<std::uint64_t> unclaimed_total_{0};
    std::array<UnclaimedSlot, kMaxListed> unclaimed_;
};

}  // namespace skiff::devices
