// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace skiff::virtio::vsock {

/// Bytes that wait, first in first out, up to a bound. Takes memory only while some wait.
class ByteRing {
  public:
    explicit ByteRing(std::size_t capacity) : capacity_(capacity) {}

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    std::size_t room() const { return capacity_ - size_; }

    /// Where the next `count` (at most room()) bytes go, to be filled by the caller.
    std::array<iovec, 2> append(std::size_t count);
    /// What waits, in order.
    std::array<iovec, 2> content() const;
    /// The first `count` (at most size()) bytes are done with.
    void consume(std::size_t count);

  private:
    std::array<iovec, 2> pieces(std::size_t from, std::size_t count) const;

    std::size_t capacity_;
    std::unique_ptr<std::uint8_t[]> bytes_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

}  // namespace skiff::virtio::vsock
