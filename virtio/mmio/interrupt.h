// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "base/irq_line.h"

namespace skiff::virtio::mmio {

/// The InterruptStatus register and the line behind it. Any thread.
///
/// Each event is an edge of its own, also where its bit is still set: an edge that comes while the
/// interrupt is masked may be lost, and a driver that was slow must not be left without one.
class Interrupt {
  public:
    explicit Interrupt(IrqLine& line) : line_(line) {}

    void raise(std::uint32_t bit) {
        status_.fetch_or(bit, std::memory_order_acq_rel);
        line_.trigger();
    }
    std::uint32_t status() const { return status_.load(std::memory_order_acquire); }
    void acknowledge(std::uint32_t bits) { status_.fetch_and(~bits, std::memory_order_acq_rel); }
    void reset() { status_.store(0, std::memory_order_release); }

  private:
    IrqLine& line_;
    std::atomic<std::uint32_t> status_{0};
};

}  // namespace skiff::virtio::mmio
