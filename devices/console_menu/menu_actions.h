// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace skiff::devices {

/// What the commands of the console's menu do: the machine, as the menu sees it. Calls come on the
/// event loop's thread and must not wait.
class MenuActions {
  public:
    virtual ~MenuActions() = default;

    /// Ends the run at once.
    virtual void quit() = 0;
    /// Asks the guest to shut down.
    virtual void press_power_button() = 0;
    /// Asks the guest for a balloon of this size. The error is one line for the user.
    virtual Result<void> set_balloon_size(std::uint64_t size_bytes) = 0;
    /// Begins a run of free page hints, or ends it.
    virtual Result<void> start_free_page_hints() = 0;
    virtual Result<void> stop_free_page_hints() = 0;
    /// The state of the machine and of its devices, in lines.
    virtual std::string describe() = 0;
};

}  // namespace skiff::devices
