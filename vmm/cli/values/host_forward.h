// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "vmm/machine/machine_config.h"

namespace skiff::cli {

/// tcp|udp:[HOSTADDRESS:]HOSTPORT:GUESTPORT; an IPv6 address in brackets.
Result<machine::PortForward> parse_host_forward(std::string_view text);

/// An IPv4 or IPv6 address in its usual form.
bool is_ip_address(std::string_view text);

}  // namespace skiff::cli
