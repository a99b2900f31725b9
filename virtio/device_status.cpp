// SPDX-License-Identifier: Apache-2.0
#include "virtio/device_status.h"

namespace skiff::virtio {

DeviceStatus::Request DeviceStatus::write(std::uint32_t value) {
    if (value == 0) {
        return Request::kReset;
    }
    // 2.1.1: a driver does not clear bits; one that leaves bits out has not cleared them.
    if ((value & FAILED) != 0) {
        set(FAILED);
    }
    if ((value & ACKNOWLEDGE) != 0) {
        set(ACKNOWLEDGE);
    }
    if ((value & DRIVER) != 0 && has(ACKNOWLEDGE)) {
        set(DRIVER);
    }
    if ((value & FEATURES_OK) != 0 && has(DRIVER) && !has(FEATURES_OK)) {
        return Request::kFeaturesOk;
    }
    if ((value & DRIVER_OK) != 0 && has(FEATURES_OK) && !has(DRIVER_OK)) {
        return Request::kDriverOk;
    }
    return Request::kNothing;
}

}  // namespace skiff::virtio
