// SPDX-License-Identifier: Apache-2.0
#include "devices/pc_testdev.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/units.h"

namespace skiff::devices {

PcTestdev::PcTestdev(Callbacks callbacks)
    : callbacks_(std::move(callbacks)), flush_(callbacks_), irq_lines_(callbacks_) {}

template <std::size_t kSize>
Access PcTestdev::Bytes<kSize>::read(std::uint64_t offset, std::span<std::uint8_t> data) {
    const std::lock_guard lock(mutex_);
    std::copy_n(bytes_->begin() + static_cast<std::ptrdiff_t>(offset), data.size(), data.begin());
    return Access::kDone;
}

template <std::size_t kSize>
Access PcTestdev::Bytes<kSize>::write(std::uint64_t offset, std::span<const std::uint8_t> data) {
    const std::lock_guard lock(mutex_);
    std::copy(data.begin(), data.end(), bytes_->begin() + static_cast<std::ptrdiff_t>(offset));
    return Access::kDone;
}

Access PcTestdev::Flush::read(std::uint64_t /*offset*/, std::span<std::uint8_t> /*data*/) {
    return Access::kUnknownRegister;
}

Access PcTestdev::Flush::write(std::uint64_t offset, std::span<const std::uint8_t> data) {
    if (offset != 0) {
        return Access::kUnknownRegister;
    }
    std::uint32_t address = 0;
    if (data.size() != sizeof address) {
        return Access::kBadWidth;
    }
    std::memcpy(&address, data.data(), sizeof address);
    callbacks_.flush_page(GuestAddress(align_down(address, kPageSize)));
    return Access::kDone;
}

Access PcTestdev::IrqLines::read(std::uint64_t /*offset*/, std::span<std::uint8_t> /*data*/) {
    return Access::kUnknownRegister;
}

Access PcTestdev::IrqLines::write(std::uint64_t offset, std::span<const std::uint8_t> data) {
    if (data.size() != 1) {
        return Access::kBadWidth;
    }
    callbacks_.set_irq_line(static_cast<unsigned>(offset), data[0] != 0);
    return Access::kDone;
}

}  // namespace skiff::devices
