// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "vmm/machine/machine_config.h"

namespace skiff::cli {

/// serial, virtio or none.
Result<machine::MachineConfig::Console> parse_console(std::string_view text);

/// NAME=PATH, NAME=file=PATH or NAME=unix=PATH.
Result<machine::PortConfig> parse_port(std::string_view text);

}  // namespace skiff::cli
