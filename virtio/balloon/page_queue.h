// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "virtio/device.h"

namespace skiff::virtio::balloon {

/// Pops chains and lets `Queue::serve()` answer them; where it says false, the chain breaks a rule.
template <typename Queue>
class PageQueue : public QueueHandler {
  public:
    explicit PageQueue(Virtqueue& queue) : queue_(queue) {}

    Progress process() override {
        for (unsigned i = 0; i < kChainsAtATime; ++i) {
            auto chain = queue_.pop();
            if (!chain.has_value()) {
                break;
            }
            if (static_cast<Queue*>(this)->serve(*chain)) {
                queue_.complete(std::move(*chain), 0);
            } else {
                queue_.refuse(std::move(*chain));
            }
        }
        return Progress::kDrained;
    }

    void stop() override {}

  private:
    // A driver that never ends gets so many chains at a time: others share the loop.
    static constexpr unsigned kChainsAtATime = 16;

    Virtqueue& queue_;
};

}  // namespace skiff::virtio::balloon
