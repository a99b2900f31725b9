// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "base/file.h"
#include "base/result.h"
#include "vmm/bundle/command_request.h"

namespace skiff::bundle {

/// What a guest that runs one command is made of. Both are files without names: nothing is left
/// behind, whatever ends the process.
struct CommandBundle {
    std::shared_ptr<const File> initramfs;
    std::shared_ptr<const File> root_disk;  ///< ext4, to be read only; null where there is none.
};

/// What the caller knows of the machine.
struct GuestFacts {
    /// Whether the kernel may be able to use a root disk.
    bool can_use_disk = true;
    /// The device that a root disk would be: "/dev/vda".
    std::string root_disk_device;
};

/// Packs a command with all that it needs (docs/run-command.md). What is found out now is not found
/// out after a boot: errors of the kinds kCommandNotFound and kCommandNotExecutable, and user
/// errors for additions that cannot be.
Result<CommandBundle> bundle_command(const CommandRequest& request, const GuestFacts& guest);

}  // namespace skiff::bundle
