// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "base/irq_line.h"

namespace skiff::test {

/// Counts the edges that a device delivers, from any thread.
class CountingIrqLine final : public IrqLine {
  public:
    void trigger() override { edges_.fetch_add(1); }
    /// Edges since the last call.
    unsigned take() { return edges_.exchange(0); }

  private:
    std::atomic<unsigned> edges_{0};
};

}  // namespace skiff::test
