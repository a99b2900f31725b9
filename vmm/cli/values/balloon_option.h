// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "vmm/machine/machine_config.h"

namespace skiff::cli {

/// [size=SIZE][,deflate-on-oom][,free-page-reporting][,stats=SECONDS]; may be empty.
Result<machine::BalloonConfig> parse_balloon(std::string_view text);

}  // namespace skiff::cli
