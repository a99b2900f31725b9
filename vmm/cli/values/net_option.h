// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "vmm/machine/machine_config.h"

namespace skiff::cli {

/// tap=IF or fd=N, then [,mac=ADDRESS][,mtu=N][,queues=N][,bw-in=SIZE/s][,bw-out=SIZE/s]; or user,
/// then [,hostfwd=tcp|udp:[ADDRESS:]HOSTPORT:GUESTPORT]…[,dns=ADDRESS]…[,interface=NAME] and the
/// same but for queues; or none, which gives nothing.
Result<std::optional<machine::NetworkConfig>> parse_net(std::string_view text);

}  // namespace skiff::cli
