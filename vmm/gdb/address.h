// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace skiff::gdb {

/// Where clients come to.
struct ListenAddress {
    enum class Kind { kUnix, kTcp };
    Kind kind = Kind::kUnix;
    std::string path;        ///< kUnix
    std::uint16_t port = 0;  ///< kTcp, on 127.0.0.1; 0 is any that is free.
    bool operator==(const ListenAddress&) const = default;
};

/// "unix:PATH" or "tcp:127.0.0.1:PORT". Who can connect can do everything with the guest, so TCP is
/// for this host only.
Result<ListenAddress> parse_listen_address(std::string_view text);

/// As gdb's `target remote` takes it.
std::string remote_name(const ListenAddress& address);

}  // namespace skiff::gdb
