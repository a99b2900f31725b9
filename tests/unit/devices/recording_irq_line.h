// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/irq_line.h"

namespace skiff::devices::test {

/// Counts the edges that a device delivers.
class RecordingIrqLine : public IrqLine {
  public:
    void trigger() override { ++edges_; }

    /// Edges since the last call.
    unsigned take() {
        const unsigned edges = edges_;
        edges_ = 0;
        return edges;
    }

  private:
    unsigned edges_ = 0;
};

}  // namespace skiff::devices::test
