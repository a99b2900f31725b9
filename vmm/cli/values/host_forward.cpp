// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/values/host_forward.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <string>

namespace skiff::cli {
namespace {

using machine::PortForward;

/// Cuts off what comes before the first ':' (after "]" of an address in brackets); nothing where
/// there is none.
std::optional<std::string_view> take_part(std::string_view& text) {
    const std::size_t from = text.starts_with('[') ? text.find(']') : 0;
    const std::size_t colon = from == std::string_view::npos ? from : text.find(':', from);
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view part = text.substr(0, colon);
    text.remove_prefix(colon + 1);
    return part;
}

std::optional<std::uint16_t> to_port(std::string_view text) {
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, failure] = std::from_chars(text.data(), end, port);
    if (failure != std::errc() || rest != end || port == 0) {
        return std::nullopt;
    }
    return port;
}

Error wrong(std::string_view text, std::string_view what) {
    return Error::user(
        fmt::format("'hostfwd={}': {}: write tcp|udp:[HOSTADDRESS:]HOSTPORT:"
                    "GUESTPORT (hostfwd=tcp:8080:80, or tcp:127.0.0.1:8080:80)",
                    text, what));
}

}  // namespace

bool is_ip_address(std::string_view text) {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    const std::string terminated(text);
    return ::inet_pton(AF_INET, terminated.c_str(), address.data()) == 1 ||
           ::inet_pton(AF_INET6, terminated.c_str(), address.data()) == 1;
}

Result<PortForward> parse_host_forward(std::string_view text) {
    PortForward forward;
    std::string_view rest = text;
    const auto protocol = take_part(rest);
    if (protocol != "tcp" && protocol != "udp") {
        return wrong(text, "it begins with the protocol");
    }
    forward.protocol =
        protocol == "tcp" ? PortForward::Protocol::kTcp : PortForward::Protocol::kUdp;
    auto host = take_part(rest);
    if (!host.has_value()) {
        return wrong(text, "there are two ports");
    }
    if (rest.find(':') != std::string_view::npos) {
        std::string_view address = *host;
        if (address.starts_with('[') && address.ends_with(']')) {
            address = address.substr(1, address.size() - 2);
        }
        if (!address.empty() && !is_ip_address(address)) {
            return wrong(text, fmt::format("'{}' is no address of this host", address));
        }
        forward.host_address = address;
        host = take_part(rest);
    }
    const auto host_port = to_port(host.value_or(""));
    const auto guest_port = to_port(rest);
    if (!host_port.has_value() || !guest_port.has_value()) {
        return wrong(text, "a port is 1 to 65535");
    }
    forward.host_port = *host_port;
    forward.guest_port = *guest_port;
    return forward;
}

}  // namespace skiff::cli
