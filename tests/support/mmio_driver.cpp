// SPDX-License-Identifier: Apache-2.0
#include "tests/support/mmio_driver.h"

#include <array>
#include <cstring>

#include "base/check.h"
#include "virtio/device_status.h"
#include "virtio/mmio/mmio_registers.h"

namespace skiff::test {

using namespace virtio::mmio;
using devices::Access;

std::uint32_t MmioDriver::read(std::uint32_t offset) {
    std::array<std::uint8_t, 4> data{};
    SKIFF_CHECK(device_->read(offset, data) == Access::kDone);
    std::uint32_t value = 0;
    std::memcpy(&value, data.data(), sizeof value);
    return value;
}

void MmioDriver::write(std::uint32_t offset, std::uint32_t value) {
    SKIFF_CHECK(try_write(offset, sizeof value, value) == Access::kDone);
}

Access MmioDriver::try_read(std::uint64_t offset, std::size_t size_bytes) {
    std::array<std::uint8_t, 8> data{};
    return device_->read(offset, std::span(data).first(size_bytes));
}

Access MmioDriver::try_write(std::uint64_t offset, std::size_t size_bytes, std::uint64_t value) {
    std::array<std::uint8_t, 8> data{};
    std::memcpy(data.data(), &value, sizeof value);
    return device_->write(offset, std::span(data).first(size_bytes));
}

std::uint64_t MmioDriver::offered_features() {
    write(kDeviceFeaturesSel, 0);
    const std::uint64_t low = read(kDeviceFeatures);
    write(kDeviceFeaturesSel, 1);
    return low | (std::uint64_t{read(kDeviceFeatures)} << 32);
}

void MmioDriver::write_features(std::uint64_t features) {
    write(kDriverFeaturesSel, 0);
    write(kDriverFeatures, static_cast<std::uint32_t>(features));
    write(kDriverFeaturesSel, 1);
    write(kDriverFeatures, static_cast<std::uint32_t>(features >> 32));
}

bool MmioDriver::negotiate(std::uint64_t features) {
    write(kStatus, 0);
    write(kStatus, virtio::ACKNOWLEDGE);
    write(kStatus, virtio::ACKNOWLEDGE | virtio::DRIVER);
    write_features(features);
    write(kStatus, virtio::ACKNOWLEDGE | virtio::DRIVER | virtio::FEATURES_OK);
    return (status() & virtio::FEATURES_OK) != 0;
}

bool MmioDriver::set_up_queue(std::uint32_t index, const virtio::QueueLayout& layout) {
    const auto write_address = [this](std::uint32_t low_register, GuestAddress address) {
        write(low_register, static_cast<std::uint32_t>(address.value()));
        write(low_register + 4, static_cast<std::uint32_t>(address.value() >> 32));
    };
    write(kQueueSel, index);
    write(kQueueNum, layout.size);
    write_address(kQueueDescLow, layout.descriptor_table);
    write_address(kQueueDriverLow, layout.avail_ring);
    write_address(kQueueDeviceLow, layout.used_ring);
    write(kQueueReady, 1);
    return read(kQueueReady) == 1;
}

void MmioDriver::driver_ok() {
    write(kStatus, status() | virtio::DRIVER_OK);
}

void MmioDriver::notify(std::uint32_t queue) {
    write(kQueueNotify, queue);
}

std::uint32_t MmioDriver::status() {
    return read(kStatus);
}

std::uint32_t MmioDriver::take_interrupts() {
    const std::uint32_t pending = read(kInterruptStatus);
    write(kInterruptACK, pending);
    return pending;
}

std::vector<std::uint8_t> MmioDriver::read_config(std::uint32_t offset, std::size_t size_bytes) {
    std::vector<std::uint8_t> bytes(size_bytes);
    for (std::size_t i = 0; i < size_bytes; ++i) {
        SKIFF_CHECK(device_->read(kConfig + offset + i, std::span(bytes).subspan(i, 1)) ==
                    Access::kDone);
    }
    return bytes;
}

}  // namespace skiff::test
