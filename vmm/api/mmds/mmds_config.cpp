// SPDX-License-Identifier: Apache-2.0
// The metadata service as the API and a configuration file see it.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <optional>

#include "vmm/api/instance.h"
#include "vmm/api/instance_answers.h"
#include "vmm/api/resources/parse_resources.h"
#include "vmm/api/resources/words.h"
#include "vmm/api/text/object_reader.h"
#include "vmm/api/vm_description.h"

namespace skiff::api {
namespace {

using enum Presence;
using virtio::net::Ipv4Address;

std::optional<Ipv4Address> parse_address(const std::string& text) {
    in_addr address{};
    if (::inet_pton(AF_INET, text.c_str(), &address) != 1) {
        return std::nullopt;
    }
    return std::bit_cast<Ipv4Address>(address);
}

/// RFC 3927, 2.1: the first and the last 256 are reserved.
bool is_link_local(const Ipv4Address& address) {
    return address[0] == 169 && address[1] == 254 && address[2] != 0 && address[2] != 255;
}

void read_interfaces(ObjectReader& reader, std::vector<std::string>& ids) {
    constexpr std::string_view kKey = "network_interfaces";
    const JsonValue::Array* const array = reader.array(kKey, kRequired);
    if (array != nullptr && array->empty()) {
        reader.refuse(kKey, "at least one interface was expected");
    }
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
        const std::string* const id = (*array)[i].string();
        if (id == nullptr) {
            reader.refuse(fmt::format("{}[{}]", kKey, i),
                          fmt::format("an id was expected, this is {}", (*array)[i].describe()));
            return;
        }
        ids.push_back(*id);
    }
}

Error no_interface(const std::string& wanted) {
    return Error::user(fmt::format("network_interfaces: there is no interface '{}'", wanted))
        .with_field("network_interfaces");
}

}  // namespace

Result<MmdsConfig> parse_mmds_config(const JsonValue& json, const std::string& where) {
    ObjectReader reader(json, where);
    MmdsConfig config;
    reader.choice<MmdsConfig::Version>("version", kOptional, kMmdsVersionWords, config.version);
    read_interfaces(reader, config.network_interfaces);
    reader.string("ipv4_address", kOptional, config.ipv4_address);
    const auto address = parse_address(config.ipv4_address);
    if (!address.has_value() || !is_link_local(*address)) {
        reader.refuse("ipv4_address",
                      "a link-local address was expected, 169.254.1.0 to 169.254.254.255");
    }
    reader.boolean("imds_compat", kOptional, config.imds_compat);
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return config;
}

Result<void> VmDescription::set(const MmdsConfig& given) {
    for (const std::string& wanted : given.network_interfaces) {
        const bool is_there = std::any_of(nets.begin(), nets.end(),
                                          [&](const auto& net) { return net.iface_id == wanted; });
        // Of those that options make, only the machine tells.
        if (!is_there && !options.has_value()) {
            return no_interface(wanted);
        }
    }
    mmds_config = given;
    mmds->set({.needs_token = given.version == MmdsConfig::Version::kV2,
               .imds_compat = given.imds_compat});
    return {};
}

/// After the machine's network devices are known. Those that options made go by their places.
Result<void> VmDescription::add_metadata_service(machine::MachineConfig& config) const {
    if (!mmds_config.has_value()) {
        return {};
    }
    std::vector<std::string> ids;
    for (const NetworkInterface& net : nets) {
        if (!net.is_from_option) {
            ids.push_back(net.iface_id);
        }
    }
    while (ids.size() < config.nets.size()) {
        std::string place = fmt::format("eth{}", ids.size());
        while (std::find(ids.begin(), ids.end(), place) != ids.end()) {
            place += '_';
        }
        ids.push_back(std::move(place));
    }
    const auto address = parse_address(mmds_config->ipv4_address);
    for (const std::string& wanted : mmds_config->network_interfaces) {
        const auto found = std::find(ids.begin(), ids.end(), wanted);
        if (found == ids.end() || !address.has_value()) {
            return no_interface(wanted);
        }
        config.nets[static_cast<std::size_t>(found - ids.begin())].make_service = {
            .make = [service = mmds, address] { return serve_mmds(service, *address); }};
    }
    return {};
}

Result<std::string> Instance::metadata(const Command& command) {
    Mmds& mmds = *description_.mmds;
    if (const auto* const given = std::get_if<Metadata>(&command)) {
        return empty_answer(mmds.put(given->data));
    }
    if (const auto* const given = std::get_if<MetadataPatch>(&command)) {
        return empty_answer(mmds.patch(given->patch));
    }
    return mmds.text();
}

}  // namespace skiff::api
