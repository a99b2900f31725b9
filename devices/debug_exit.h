// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>

#include "devices/bus/bus_device.h"

namespace skiff::devices {

/// A write-only register of up to four bytes that ends the run with the value written, as QEMU's
/// isa-debug-exit (docs/devices/debug-exit.md). Without state.
class DebugExit : public BusDevice {
  public:
    /// Ports that the device takes from its base on.
    static constexpr std::uint16_t kPortCount = 4;

    /// Gets the value, zero-extended. Called on a vCPU thread, perhaps more than once; must not
    /// block. The vCPU may run on for a while afterwards.
    using Callback = std::function<void(std::uint32_t value)>;

    explicit DebugExit(Callback callback) : callback_(std::move(callback)) {}

    Access read(std::uint64_t offset, std::span<std::uint8_t> data) override;
    Access write(std::uint64_t offset, std::span<const std::uint8_t> data) override;

  private:
    Callback callback_;
};

}  // namespace skiff::devices
