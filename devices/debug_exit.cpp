// SPDX-License-Identifier: Apache-2.0
#include "devices/debug_exit.h"

#include <cstddef>

namespace skiff::devices {

Access DebugExit::read(std::uint64_t /*offset*/, std::span<std::uint8_t> /*data*/) {
    return Access::kUnknownRegister;
}

Access DebugExit::write(std::uint64_t offset, std::span<const std::uint8_t> data) {
    if (offset != 0) {
        return Access::kUnknownRegister;
    }
    if (data.size() > kPortCount) {
        return Access::kBadWidth;
    }
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < data.size(); ++i) {
        value |= std::uint32_t{data[i]} << (8 * i);
    }
    callback_(value);
    return Access::kDone;
}

}  // namespace skiff::devices
