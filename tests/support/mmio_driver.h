// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "devices/bus/bus_device.h"
#include "tests/support/driver_queue.h"

namespace skiff::test {

/// A driver of a virtio-mmio device: its side of the registers and of the handshake (VIRTIO 1.2,
/// 3.1.1 and 4.2.3), on one bus device.
class MmioDriver {
  public:
    explicit MmioDriver(devices::BusDevice& device) : device_(&device) {}

    /// A register that has to be there.
    std::uint32_t read(std::uint32_t offset);
    void write(std::uint32_t offset, std::uint32_t value);
    /// What the device says of an access of any kind.
    devices::Access try_read(std::uint64_t offset, std::size_t size_bytes);
    devices::Access try_write(std::uint64_t offset, std::size_t size_bytes, std::uint64_t value);

    std::uint64_t offered_features();
    void write_features(std::uint64_t features);

    /// Reset, ACKNOWLEDGE, DRIVER, these features and FEATURES_OK; whether they were accepted.
    bool negotiate(std::uint64_t features);
    /// Describes queue `index` and makes it ready; whether the device took it.
    bool set_up_queue(std::uint32_t index, const virtio::QueueLayout& layout);
    void driver_ok();
    void notify(std::uint32_t queue);

    std::uint32_t status();
    /// InterruptStatus, acknowledged.
    std::uint32_t take_interrupts();
    std::vector<std::uint8_t> read_config(std::uint32_t offset, std::size_t size_bytes);

  private:
    devices::BusDevice* device_;
};

}  // namespace skiff::test
