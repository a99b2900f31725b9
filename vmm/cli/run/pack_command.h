// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "vmm/cli/run/run_options.h"

namespace skiff::cli {

/// Packs the command that the options name, if they name one, and makes the machine one for it: its
/// initramfs, its root disk, memory enough for both.
Result<void> pack_command(RunOptions& options);

}  // namespace skiff::cli
