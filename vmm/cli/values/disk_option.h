// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "vmm/machine/machine_config.h"

namespace skiff::cli {

/// PATH[,ro][,direct][,id=SERIAL][,queues=N][,engine=uring|sync][,cache=writeback|writethrough]
/// [,discard=on|off][,bw=SIZE/s][,iops=N]; two commas stand for one that belongs to a value.
Result<machine::DiskConfig> parse_disk(std::string_view text);

}  // namespace skiff::cli
