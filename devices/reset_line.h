// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace skiff::devices {

/// The machine's reset wire, as a device sees it that can pull it (the i8042's output port).
class ResetLine {
  public:
    virtual ~ResetLine() = default;

    /// Asks for a reset of the machine. Called on a vCPU thread, must not block; the vCPU may run
    /// on for a while.
    virtual void pull_reset() = 0;
};

}  // namespace skiff::devices
