// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/values/net_option.h"

#include <fmt/format.h>
#include <net/if.h>

#include <array>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "vmm/cli/values/host_forward.h"
#include "vmm/cli/values/settings.h"

namespace skiff::cli {
namespace {

using machine::NetworkConfig;
using virtio::net::MacAddress;

bool is_interface_name(std::string_view name) {
    return !name.empty() && name.size() < IFNAMSIZ &&
           name.find_first_of("/ %:") == std::string_view::npos;
}

Error wrong_interface(const Setting& setting) {
    return wrong_setting(setting,
                         fmt::format("an interface's name has 1 to {} characters, none of them "
                                     "'/', ':', '%' or a blank",
                                     IFNAMSIZ - 1));
}

Result<void> set_tap(const Setting& setting, NetworkConfig& net) {
    net.tap = setting.value.value_or("");
    return is_interface_name(net.tap) ? Result<void>() : wrong_interface(setting);
}

Result<void> set_user(const Setting& /*setting*/, NetworkConfig& net) {
    net.user.emplace();
    return {};
}

Result<void> set_fd(const Setting& setting, NetworkConfig& net) {
    constexpr std::string_view kTakes = "the number of an inherited descriptor, 3 or more (fd=3)";
    SKIFF_ASSIGN_OR_RETURN(const std::uint64_t number,
                           number_between(setting, 3, INT32_MAX, kTakes));
    net.fd = static_cast<int>(number);
    return {};
}

Result<void> set_mac(const Setting& setting, NetworkConfig& net) {
    net.mac = virtio::net::parse_mac(setting.value.value_or(""));
    if (!net.mac.has_value()) {
        return wrong_setting(setting, "write for example mac=02:00:00:00:00:01");
    }
    if ((net.mac->front() & 1) != 0 || *net.mac == MacAddress{}) {
        return wrong_setting(setting,
                             "a multicast or empty address is nobody's: let the first byte be even "
                             "(mac=02:00:00:00:00:01)");
    }
    return {};
}

Result<void> set_mtu(const Setting& setting, NetworkConfig& net) {
    const std::string takes = fmt::format("an MTU is {} to {} (mtu=1500)", NetworkConfig::kMinMtu,
                                          NetworkConfig::kMaxMtu);
    SKIFF_ASSIGN_OR_RETURN(const std::uint64_t mtu, number_between(setting, NetworkConfig::kMinMtu,
                                                                   NetworkConfig::kMaxMtu, takes));
    net.mtu = static_cast<std::uint16_t>(mtu);
    return {};
}

Result<void> set_queues(const Setting& setting, NetworkConfig& net) {
    const std::string takes = fmt::format("a network device has 1 to {} queue pairs (queues=2)",
                                          NetworkConfig::kMaxQueuePairs);
    SKIFF_ASSIGN_OR_RETURN(const std::uint64_t queues,
                           number_between(setting, 1, NetworkConfig::kMaxQueuePairs, takes));
    net.queue_pairs = static_cast<unsigned>(queues);
    return {};
}

Result<void> set_rate_in(const Setting& setting, NetworkConfig& net) {
    SKIFF_ASSIGN_OR_RETURN(net.limits_in.bytes, byte_rate(setting));
    return {};
}

Result<void> set_rate_out(const Setting& setting, NetworkConfig& net) {
    SKIFF_ASSIGN_OR_RETURN(net.limits_out.bytes, byte_rate(setting));
    return {};
}

Result<void> add_forward(const Setting& setting, NetworkConfig& net) {
    SKIFF_ASSIGN_OR_RETURN(machine::PortForward forward,
                           parse_host_forward(setting.value.value_or("")));
    net.user->forwards.push_back(std::move(forward));
    return {};
}

Result<void> add_name_server(const Setting& setting, NetworkConfig& net) {
    const std::string_view address = setting.value.value_or("");
    if (!is_ip_address(address)) {
        return wrong_setting(setting, "a name server is an address (dns=192.0.2.53)");
    }
    net.user->name_servers.emplace_back(address);
    return {};
}

Result<void> set_interface(const Setting& setting, NetworkConfig& net) {
    net.user->interface = setting.value.value_or("");
    return is_interface_name(net.user->interface) ? Result<void>() : wrong_interface(setting);
}

constexpr std::array kKeys = {
    SettingKey<NetworkConfig>{"tap", "tap=INTERFACE", set_tap},
    SettingKey<NetworkConfig>{"fd", "fd=N", set_fd},
    SettingKey<NetworkConfig>{"user", "user", set_user},
    SettingKey<NetworkConfig>{"mac", "mac=ADDRESS", set_mac},
    SettingKey<NetworkConfig>{"mtu", "mtu=N", set_mtu},
    SettingKey<NetworkConfig>{"queues", "queues=N", set_queues},
    SettingKey<NetworkConfig>{"bw-in", "bw-in=SIZE/s", set_rate_in},
    SettingKey<NetworkConfig>{"bw-out", "bw-out=SIZE/s", set_rate_out},
};

/// After "user".
constexpr std::array kUserKeys = {
    SettingKey<NetworkConfig>{"hostfwd", "hostfwd=tcp|udp:[ADDRESS:]HOSTPORT:GUESTPORT",
                              add_forward},
    SettingKey<NetworkConfig>{"dns", "dns=ADDRESS", add_name_server},
    SettingKey<NetworkConfig>{"interface", "interface=NAME", set_interface},
    SettingKey<NetworkConfig>{"mac", "mac=ADDRESS", set_mac},
    SettingKey<NetworkConfig>{"mtu", "mtu=N", set_mtu},
    SettingKey<NetworkConfig>{"bw-in", "bw-in=SIZE/s", set_rate_in},
    SettingKey<NetworkConfig>{"bw-out", "bw-out=SIZE/s", set_rate_out},
};

Result<void> apply(const std::string& part, NetworkConfig& net) {
    const Setting setting = to_setting(part);
    if (!net.user.has_value()) {
        return apply_setting<NetworkConfig>(setting, kKeys, "network device", net);
    }
    return apply_setting<NetworkConfig>(setting, kUserKeys, "user network", net);
}

}  // namespace

Result<std::optional<NetworkConfig>> parse_net(std::string_view text) {
    if (text == "none") {
        return std::optional<NetworkConfig>();
    }
    NetworkConfig net;
    for (const std::string& part : split_settings(text)) {
        SKIFF_RETURN_IF_ERROR(apply(part, net));
    }
    const int places =
        (net.tap.empty() ? 0 : 1) + (net.fd.has_value() ? 1 : 0) + (net.user.has_value() ? 1 : 0);
    if (places != 1) {
        return Error::user(fmt::format(
            "'{}': say once where frames go: tap=INTERFACE, fd=N or user (or 'none' alone)", text));
    }
    if (net.user.has_value() && net.queue_pairs > 1) {
        return Error::user(
            fmt::format("'{}': a user network is one queue pair: leave queues= out", text));
    }
    if (net.fd.has_value() && net.queue_pairs > 1) {
        return Error::user(
            fmt::format("'{}': one descriptor is one queue pair: leave queues= out", text));
    }
    return std::optional<NetworkConfig>(std::move(net));
}

}  // namespace skiff::cli
