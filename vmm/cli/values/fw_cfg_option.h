// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "vmm/machine/machine_config.h"

namespace skiff::cli {

/// name=NAME,file=PATH or name=NAME,string=TEXT
Result<machine::FwCfgFile> parse_fw_cfg(std::string_view text);

}  // namespace skiff::cli
