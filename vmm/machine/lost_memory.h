// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>

#include "base/guest_memory.h"

namespace skiff::machine {

/// Guest memory that is mapped from a kernel or initrd file goes away where somebody truncates the
/// file: a device that touches it then gets SIGBUS. While this object lives, that ends the process
/// with one line that says so and status 1. (A vCPU that touches it is told by KVM.)
///
/// One a process. Make it before what handles signals to put the terminal right (Terminal).
class LostMemoryReport {
  public:
    /// `memory` outlives the object.
    explicit LostMemoryReport(const GuestMemory& memory);
    ~LostMemoryReport();
    LostMemoryReport(const LostMemoryReport&) = delete;
    LostMemoryReport& operator=(const LostMemoryReport&) = delete;

  private:
    struct sigaction before_ {};
};

}  // namespace skiff::machine
