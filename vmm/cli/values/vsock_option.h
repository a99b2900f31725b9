// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "vmm/machine/machine_config.h"

namespace skiff::cli {

/// cid=N,path=SOCKET, in any order.
Result<machine::VsockConfig> parse_vsock(std::string_view text);

}  // namespace skiff::cli
