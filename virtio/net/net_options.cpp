// SPDX-License-Identifier: Apache-2.0
#include "virtio/net/net_options.h"

#include <fmt/format.h>

#include <charconv>

namespace skiff::virtio::net {

std::string describe(const NetOptions& options) {
    if (options.user.has_value()) {
        return "user";
    }
    return options.fd.has_value() ? fmt::format("fd {}", *options.fd) : options.tap;
}

std::optional<MacAddress> parse_mac(std::string_view text) {
    MacAddress mac{};
    if (text.size() != 3 * mac.size() - 1) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < mac.size(); ++i) {
        const std::string_view digits = text.substr(3 * i, 2);
        const char* const end = digits.data() + digits.size();
        const auto [rest, failure] = std::from_chars(digits.data(), end, mac.at(i), 16);
        if (failure != std::errc() || rest != end || (i != 0 && text[3 * i - 1] != ':')) {
            return std::nullopt;
        }
    }
    return mac;
}

MacAddress default_mac(const std::string& interface, std::size_t position) {
    // FNV-1a, 64 bits.
    std::uint64_t hash = 0xcbf29ce484222325;
    const auto add = [&hash](std::uint8_t byte) { hash = (hash ^ byte) * 0x100000001b3; };
    for (const char c : interface) {
        add(static_cast<std::uint8_t>(c));
    }
    add(0);
    add(static_cast<std::uint8_t>(position));
    MacAddress mac = {0x02};  // IEEE 802: locally administered, unicast
    for (std::size_t i = 1; i < mac.size(); ++i) {
        mac.at(i) = static_cast<std::uint8_t>(hash >> (8 * i));
    }
    return mac;
}

}  // namespace skiff::virtio::net
