// SPDX-License-Identifier: Apache-2.0
#include "virtio/vsock/vsock_options.h"

#include <fmt/format.h>
#include <sys/un.h>

#include <string_view>

namespace skiff::virtio::vsock {
namespace {

constexpr std::size_t kNameBytes = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::size_t kLongestSuffix = std::string_view("_4294967295").size();

}  // namespace

Result<void> check_socket_path(const std::string& path) {
    constexpr std::size_t kMost = kNameBytes - kLongestSuffix;
    if (path.empty()) {
        return Error::user("a socket's path is not empty");
    }
    if (path.size() > kMost) {
        return Error::user(
            fmt::format("a path of {} bytes is too long: a socket's name has at most {}, of which "
                        "_PORT needs up to {}: take one of at most {}",
                        path.size(), kNameBytes, kLongestSuffix, kMost));
    }
    return {};
}

std::string socket_path_of_port(const std::string& path, std::uint32_t port) {
    return fmt::format("{}_{}", path, port);
}

}  // namespace skiff::virtio::vsock
