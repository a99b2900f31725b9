// SPDX-License-Identifier: Apache-2.0
#include "virtio/device.h"

#include "runtime/patience.h"

namespace payload::virtio {

bool Device::find(std::uint32_t device_id, unsigned number, Device& device) {
    Window window;
    for (unsigned i = 0; announced_window(i, window); ++i) {
        const Device candidate(window);
        if (!candidate.is_present() || candidate.read(kDeviceId) != device_id) {
            continue;
        }
        if (number-- == 0) {
            device = candidate;
            return true;
        }
    }
    return false;
}

void Device::write_pair(Register low, std::uint64_t value) const {
    write(low, static_cast<std::uint32_t>(value));
    write(static_cast<Register>(low + 4), static_cast<std::uint32_t>(value >> 32));
}

bool Device::is_present() const {
    return read(kMagicValue) == kMagic && read(kVersion) == kModernVersion &&
           read(kDeviceId) != kNoDevice;
}

bool Device::reset() const {
    write(kStatus, 0);
    return wait_until([this] { return read(kStatus) == 0; });
}

std::uint64_t Device::offered_features() const {
    write(kDeviceFeaturesSel, 0);
    const std::uint64_t low = read(kDeviceFeatures);
    write(kDeviceFeaturesSel, 1);
    return std::uint64_t{read(kDeviceFeatures)} << 32 | low;
}

void Device::accept_features(std::uint64_t features) const {
    write(kDriverFeaturesSel, 0);
    write(kDriverFeatures, static_cast<std::uint32_t>(features));
    write(kDriverFeaturesSel, 1);
    write(kDriverFeatures, static_cast<std::uint32_t>(features >> 32));
}

bool Device::negotiate(std::uint64_t required, std::uint64_t optional) {
    if (!reset()) {
        return false;
    }
    add_status(kAcknowledge);
    add_status(kDriver);
    const std::uint64_t offered = offered_features();
    features_ = (required | optional) & offered;
    if ((required & ~offered) == 0) {
        accept_features(features_);
        add_status(kFeaturesOk);
        if ((status() & kFeaturesOk) != 0) {
            return true;
        }
    }
    add_status(kFailed);
    return false;
}

std::uint64_t Device::config64(std::uint64_t offset) const {
    while (true) {
        const std::uint32_t generation = read(kConfigGeneration);
        const std::uint64_t low = config<std::uint32_t>(offset);
        const std::uint64_t high = config<std::uint32_t>(offset + 4);
        if (read(kConfigGeneration) == generation) {
            return high << 32 | low;
        }
    }
}

}  // namespace payload::virtio
