// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace skiff {

/// One interrupt input of the guest's interrupt controllers, as a device sees it.
class IrqLine {
  public:
    virtual ~IrqLine() = default;

    /// Delivers one edge. Callable from any thread, never blocks, never fails visibly: an edge
    /// that arrives while one is pending is merged with it, as on real lines.
    virtual void trigger() = 0;
};

}  // namespace skiff
