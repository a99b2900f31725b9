// SPDX-License-Identifier: Apache-2.0
#include "vmm/gdb/address.h"

#include <fmt/format.h>

#include <charconv>

namespace skiff::gdb {

Result<ListenAddress> parse_listen_address(std::string_view text) {
    constexpr std::string_view kUnix = "unix:";
    constexpr std::string_view kTcp = "tcp:";
    if (text.starts_with(kUnix) && text.size() > kUnix.size()) {
        return ListenAddress{.kind = ListenAddress::Kind::kUnix,
                             .path = std::string(text.substr(kUnix.size()))};
    }
    if (text.starts_with(kTcp)) {
        const std::string_view rest = text.substr(kTcp.size());
        const std::size_t colon = rest.rfind(':');
        const std::string_view host = rest.substr(0, colon);
        if (colon != std::string_view::npos && host != "127.0.0.1" && host != "localhost") {
            return Error::user(fmt::format(
                "'{}': who can connect owns the guest, so only 127.0.0.1 is taken; for another "
                "machine forward the port, for example with ssh -L",
                text));
        }
        std::uint16_t port = 0;
        const std::string_view digits =
            colon == std::string_view::npos ? std::string_view{} : rest.substr(colon + 1);
        const char* const end = digits.data() + digits.size();
        const auto [stop, failure] = std::from_chars(digits.data(), end, port);
        if (!digits.empty() && failure == std::errc() && stop == end) {
            return ListenAddress{.kind = ListenAddress::Kind::kTcp, .path = {}, .port = port};
        }
    }
    return Error::user(
        fmt::format("'{}' is no place to listen: write unix:PATH or tcp:127.0.0.1:PORT", text));
}

std::string remote_name(const ListenAddress& address) {
    return address.kind == ListenAddress::Kind::kUnix ? address.path
                                                      : fmt::format("127.0.0.1:{}", address.port);
}

}  // namespace skiff::gdb
