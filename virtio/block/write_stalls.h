// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace skiff::virtio::block {

/// When to leave buffered writes to the kernel's threads.
///
/// A write to the page cache is fastest on the spot, until the host has more dirty pages than it
/// likes: then it makes writers wait, many milliseconds each time, and with this thread everything
/// else on its loop. (Much shorter than this, and it may only be that others had the processor.) So
/// after a write that took long, for a while, none is done here.
///
/// The caller passes the time, from one coarse clock (its ticks are a few milliseconds).
class WriteStalls {
  public:
    using Time = std::chrono::nanoseconds;
    static constexpr Time kLong = std::chrono::milliseconds(40);
    static constexpr Time kAvoidFor = std::chrono::seconds(1);

    bool avoid(Time now) const { return now < avoid_until_; }

    void wrote(Time begin, Time end) {
        if (end - begin >= kLong) {
            avoid_until_ = end + kAvoidFor;
        }
    }

  private:
    Time avoid_until_{0};
};

}  // namespace skiff::virtio::block
