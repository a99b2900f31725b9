// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/check.h"
#include "virtio/queue/descriptor_chain.h"

namespace skiff::virtio::net {

/// One receive buffer that the driver gave.
struct RxBuffer {
    DescriptorChain chain;
    std::uint64_t bytes;  ///< Of its writable part, as it was popped.
};

/// Receive buffers that were popped for the next frames, the oldest one first. Allocates nothing
/// once it has been made.
class RxBuffers {
  public:
    /// At most `most` are in it at a time.
    explicit RxBuffers(std::size_t most) : most_(most) { buffers_.reserve(2 * most); }

    std::size_t size() const { return buffers_.size() - first_; }
    bool empty() const { return size() == 0; }
    RxBuffer& at(std::size_t index) {
        SKIFF_CHECK(index < size());
        return buffers_[first_ + index];
    }
    RxBuffer& front() { return at(0); }

    void push_back(RxBuffer&& buffer) {
        SKIFF_CHECK(size() < most_);
        if (buffers_.size() == buffers_.capacity()) {
            buffers_.erase(buffers_.begin(),
                           buffers_.begin() + static_cast<std::ptrdiff_t>(first_));
            first_ = 0;
        }
        buffers_.push_back(std::move(buffer));
    }

    /// Its chain has come to its end.
    void pop_front() {
        SKIFF_CHECK(!empty());
        if (++first_ == buffers_.size()) {
            buffers_.clear();
            first_ = 0;
        }
    }

  private:
    std::size_t most_;
    std::size_t first_ = 0;  // what lies before it is done
    std::vector<RxBuffer> buffers_;
};

}  // namespace skiff::virtio::net
