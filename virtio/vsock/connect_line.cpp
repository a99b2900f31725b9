// SPDX-License-Identifier: Apache-2.0
#include "virtio/vsock/connect_line.h"

#include <fmt/format.h>

#include <charconv>

namespace skiff::virtio::vsock {
namespace {

constexpr std::string_view kVerb = "CONNECT ";

}  // namespace

ConnectLine parse_connect_line(std::string_view text) {
    constexpr ConnectLine kMalformed{.state = ConnectLine::State::kMalformed};
    if (text.substr(0, kVerb.size()) != kVerb.substr(0, text.size())) {
        return kMalformed;
    }
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
        return text.size() < kMaxConnectLine ? ConnectLine{} : kMalformed;
    }
    if (end < kVerb.size()) {
        return kMalformed;
    }
    const std::string_view digits = text.substr(kVerb.size(), end - kVerb.size());
    std::uint32_t port = 0;
    const auto [rest, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (failure != std::errc() || rest != digits.data() + digits.size()) {
        return kMalformed;
    }
    return {.state = ConnectLine::State::kPort, .port = port, .size = end + 1};
}

std::string ok_line(std::uint32_t host_port) {
    return fmt::format("OK {}\n", host_port);
}

}  // namespace skiff::virtio::vsock
