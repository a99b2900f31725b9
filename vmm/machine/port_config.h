// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace skiff::machine {

/// A named port of the virtio console: /dev/virtio-ports/NAME in the guest.
struct PortConfig {
    enum class Kind {
        kByPath,  ///< A FIFO or a socket where one is there or the name ends in .sock, else a file.
        kFile,    ///< Created or truncated.
        kUnix,    ///< A socket that is listened on.
    };
    static constexpr std::size_t kMaxNameBytes = 64;

    std::string name;
    Kind kind = Kind::kByPath;
    std::string path;
    bool operator==(const PortConfig&) const = default;
};

}  // namespace skiff::machine
