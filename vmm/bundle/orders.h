// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "vmm/bundle/command_request.h"

namespace skiff::bundle {

/// What the request becomes in the guest.
struct GuestCommand {
    std::string program;         ///< Path in the guest.
    std::string working_folder;  ///< Likewise.
    std::string root_disk;       ///< Device of the read-only root; empty: the initramfs.
};

/// The guest's environment: defaults (PATH, HOME, TERM, LANG and, where the host has it,
/// LD_LIBRARY_PATH), and above them what the request names. "NAME=VALUE" each.
std::vector<std::string> guest_environment(const CommandRequest& request);

/// The file that tells the guest's init what to do (guest-init/orders.h). A user error where a word
/// has a NUL in it.
Result<std::string> write_orders(const CommandRequest& request, const GuestCommand& command);

}  // namespace skiff::bundle
