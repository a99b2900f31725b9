// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

namespace skiff::virtio {

/// VIRTIO 1.2, 2.1: the bits of the device status field.
inline constexpr std::uint32_t ACKNOWLEDGE = 1;
inline constexpr std::uint32_t DRIVER = 2;
inline constexpr std::uint32_t DRIVER_OK = 4;
inline constexpr std::uint32_t FEATURES_OK = 8;
inline constexpr std::uint32_t DEVICE_NEEDS_RESET = 64;
inline constexpr std::uint32_t FAILED = 128;

/// The device status field and the order in which a driver may set its bits (VIRTIO 1.2, 2.1 and
/// 3.1.1). Bits that come out of order, or that are the device's, are not set: the driver reads
/// that back. Written by one thread at a time, read by any.
class DeviceStatus {
  public:
    /// What a write asks for beyond the bits that were set.
    enum class Request {
        kNothing,
        kReset,       ///< 0 was written: the owner stops everything and calls reset().
        kFeaturesOk,  ///< The owner calls set() where the features are acceptable.
        kDriverOk,    ///< Likewise, and starts the queues.
    };

    Request write(std::uint32_t value);

    std::uint32_t read() const { return bits_.load(std::memory_order_acquire); }
    bool has(std::uint32_t bit) const { return (read() & bit) != 0; }

    void set(std::uint32_t bit) { bits_.fetch_or(bit, std::memory_order_acq_rel); }
    void reset() { bits_.store(0, std::memory_order_release); }

  private:
    std::atomic<std::uint32_t> bits_{0};
};

}  // namespace skiff::virtio
