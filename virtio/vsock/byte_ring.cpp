// SPDX-License-Identifier: Apache-2.0
#include "virtio/vsock/byte_ring.h"

#include <algorithm>

#include "base/check.h"

namespace skiff::virtio::vsock {

std::array<iovec, 2> ByteRing::pieces(std::size_t from, std::size_t count) const {
    if (count == 0) {
        return {};
    }
    const std::size_t begin = from % capacity_;
    const std::size_t before_end = std::min(count, capacity_ - begin);
    return {iovec{.iov_base = &bytes_[begin], .iov_len = before_end},
            iovec{.iov_base = &bytes_[0], .iov_len = count - before_end}};
}

std::array<iovec, 2> ByteRing::append(std::size_t count) {
    SKIFF_CHECK(count <= room());
    if (bytes_ == nullptr) {
        // Not initialised: pages that are never used cost nothing.
        bytes_.reset(new std::uint8_t[capacity_]);
        first_ = 0;
    }
    const auto places = pieces(first_ + size_, count);
    size_ += count;
    return places;
}

std::array<iovec, 2> ByteRing::content() const {
    return pieces(first_, size_);
}

void ByteRing::consume(std::size_t count) {
    SKIFF_CHECK(count <= size_);
    size_ -= count;
    if (size_ == 0) {
        bytes_.reset();
    } else {
        first_ = (first_ + count) % capacity_;
    }
}

}  // namespace skiff::virtio::vsock
