// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>

#include "devices/bus/bus_device.h"

namespace skiff::devices {

/// A register by which a guest says that it is up: the first write of kBootedValue logs how long
/// that took (docs/devices/boot-timer.md). Where and what it is, is Firecracker's choice, so that
/// images made for it are measured here too.
class BootTimer : public BusDevice {
  public:
    static constexpr std::uint64_t kAddress = 0xc000'0000;
    static constexpr std::uint64_t kBytes = 0x1000;
    static constexpr std::uint8_t kBootedValue = 123;

    /// Since when is measured.
    struct Start {
        std::chrono::steady_clock::time_point time;
        std::chrono::nanoseconds cpu_time{0};  ///< Of this process, until then.

        static Start now();
        bool operator==(const Start&) const = default;
    };

    explicit BootTimer(const Start& start) : start_(start) {}

    Access read(std::uint64_t offset, std::span<std::uint8_t> data) override;
    Access write(std::uint64_t offset, std::span<const std::uint8_t> data) override;

  private:
    const Start start_;
    std::atomic<bool> booted_{false};
};

}  // namespace skiff::devices
