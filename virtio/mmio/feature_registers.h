// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "virtio/mmio/register_halves.h"

namespace skiff::virtio::mmio {

/// The windows through which a driver sees the offered features and writes the ones that it chose
/// (VIRTIO 1.2, 4.2.2: DeviceFeatures, DriverFeatures and their Sel). A plain struct.
struct FeatureRegisters {
    std::uint32_t device_sel = 0;
    std::uint32_t driver_sel = 0;
    std::uint64_t chosen = 0;
    bool chosen_above_63 = false;  ///< No device has features there.

    std::uint32_t read_device_features(std::uint64_t offered) const {
        switch (device_sel) {
            case 0:
                return low_half(offered);
            case 1:
                return high_half(offered);
            default:
                return 0;
        }
    }

    void write_driver_features(std::uint32_t value) {
        switch (driver_sel) {
            case 0:
                chosen = with_low_half(chosen, value);
                return;
            case 1:
                chosen = with_high_half(chosen, value);
                return;
            default:
                chosen_above_63 |= value != 0;
                return;
        }
    }

    /// Whether the driver chose nothing that was not offered.
    bool within(std::uint64_t offered) const {
        return !chosen_above_63 && (chosen & ~offered) == 0;
    }
};

}  // namespace skiff::virtio::mmio
