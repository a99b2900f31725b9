// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "runtime/memory_access.h"
#include "virtio/mmio_registers.h"
#include "virtio/windows.h"

namespace payload::virtio {

/// One device behind the MMIO transport, as a driver sees it (VIRTIO 1.2, 3.1 and 4.2).
class Device {
  public:
    Device() = default;
    explicit Device(const Window& window) : window_(window) {}

    /// The device with that ID that is the `number`th of its kind among the announced ones.
    static bool find(std::uint32_t device_id, unsigned number, Device& device);

    const Window& window() const { return window_; }
    std::uint32_t read(Register which) const {
        return load<std::uint32_t>(window_.address + which);
    }
    void write(Register which, std::uint32_t value) const {
        store<std::uint32_t>(window_.address + which, value);
    }
    /// Writes the two halves of a 64-bit register, the low one first.
    void write_pair(Register low, std::uint64_t value) const;

    /// MagicValue, Version and DeviceID are those of a modern device.
    bool is_present() const;

    std::uint8_t status() const { return static_cast<std::uint8_t>(read(kStatus)); }
    void set_status(std::uint8_t value) const { write(kStatus, value); }
    void add_status(std::uint8_t bits) const { set_status(status() | bits); }
    /// Writes 0 to Status and waits until it reads 0; false if that does not come in time.
    bool reset() const;

    std::uint64_t offered_features() const;
    void accept_features(std::uint64_t features) const;
    /// Reset, ACKNOWLEDGE, DRIVER, features, FEATURES_OK: `required` and what is offered of
    /// `optional`. False, with FAILED set, where the device does not go along.
    bool negotiate(std::uint64_t required, std::uint64_t optional);
    /// What the last negotiate() agreed on.
    std::uint64_t features() const { return features_; }
    bool has(std::uint64_t feature) const { return (features_ & feature) != 0; }
    void set_driver_ok() const { add_status(kDriverOk); }

    /// A field of the device's configuration space.
    template <typename T>
    T config(std::uint64_t offset) const {
        return load<T>(window_.address + kConfig + offset);
    }
    /// A 64-bit field as two halves, read again until ConfigGeneration stays the same (2.5.1).
    std::uint64_t config64(std::uint64_t offset) const;

  private:
    Window window_;
    std::uint64_t features_ = 0;
};

}  // namespace payload::virtio
