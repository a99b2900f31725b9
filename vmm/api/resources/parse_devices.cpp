// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "vmm/api/resources/parse_resources.h"
#include "vmm/api/resources/words.h"
#include "vmm/api/text/object_reader.h"

namespace skiff::api {
namespace {

using enum Presence;

constexpr std::uint64_t kMaxSeconds = 65'535;
// 2^63 - 1: what clients hold it in. A thousand years of milliseconds.
constexpr ObjectReader::Range kTokens{0, INT64_MAX};
constexpr ObjectReader::Range kMilliseconds{0, 31'536'000'000'000};

/// The ids of drives and interfaces, which are part of paths.
void read_id(ObjectReader& reader, std::string_view key, std::string& id) {
    reader.string(key, kRequired, id);
    const bool is_word = std::all_of(id.begin(), id.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
    });
    if (id.empty() || !is_word || id.size() > 64) {
        reader.refuse(key, "an id is 1 to 64 letters, digits and underscores");
    }
}

void read_bucket(ObjectReader& limiter, std::string_view key,
                 std::optional<BucketSetting>& bucket) {
    const JsonValue* const json = limiter.member(key, kOptional);
    if (json == nullptr) {
        return;
    }
    ObjectReader reader(*json, limiter.path_of(key));
    BucketSetting setting;
    reader.number("size", kRequired, kTokens, setting.size);
    reader.number("refill_time", kRequired, kMilliseconds, setting.refill_time_ms);
    reader.number("one_time_burst", kOptional, kTokens, setting.one_time_burst);
    if (const auto finished = reader.finish(); !finished.ok()) {
        limiter.fail(finished.error());
        return;
    }
    bucket = setting;
}

void read_limiter(ObjectReader& object, std::string_view key,
                  std::optional<RateLimiterSetting>& limiter) {
    const JsonValue* const json = object.member(key, kOptional);
    if (json == nullptr) {
        return;
    }
    ObjectReader reader(*json, object.path_of(key));
    RateLimiterSetting setting;
    read_bucket(reader, "bandwidth", setting.bandwidth);
    read_bucket(reader, "ops", setting.ops);
    if (const auto finished = reader.finish(); !finished.ok()) {
        object.fail(finished.error());
        return;
    }
    limiter = setting;
}

void refuse_if_there(ObjectReader& reader, std::string_view key, std::string_view message) {
    if (reader.member(key, kOptional) != nullptr) {
        reader.refuse(key, message);
    }
}

}  // namespace

Result<Drive> parse_drive(const JsonValue& json, const std::string& where) {
    ObjectReader reader(json, where);
    Drive drive;
    read_id(reader, "drive_id", drive.drive_id);
    reader.boolean("is_root_device", kRequired, drive.is_root_device);
    refuse_if_there(reader, "socket", "vhost-user disks are not supported yet");
    reader.string("path_on_host", kRequired, drive.path_on_host);
    reader.string("partuuid", kOptional, drive.partuuid);
    reader.boolean("is_read_only", kOptional, drive.is_read_only);
    reader.choice<Drive::CacheType>("cache_type", kOptional, kCacheTypeWords, drive.cache_type);
    reader.choice<Drive::IoEngine>("io_engine", kOptional, kIoEngineWords, drive.io_engine);
    read_limiter(reader, "rate_limiter", drive.rate_limiter);
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return drive;
}

Result<DriveUpdate> parse_drive_update(const JsonValue& json) {
    ObjectReader reader(json, "");
    DriveUpdate update;
    read_id(reader, "drive_id", update.drive_id);
    reader.string("path_on_host", kOptional, update.path_on_host);
    read_limiter(reader, "rate_limiter", update.rate_limiter);
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return update;
}

Result<NetworkInterface> parse_network_interface(const JsonValue& json, const std::string& where) {
    ObjectReader reader(json, where);
    NetworkInterface net;
    read_id(reader, "iface_id", net.iface_id);
    reader.string("host_dev_name", kRequired, net.host_dev_name);
    reader.string("guest_mac", kOptional, net.guest_mac);
    if (net.guest_mac.has_value() && !virtio::net::parse_mac(*net.guest_mac).has_value()) {
        reader.refuse("guest_mac",
                      "six pairs of hexadecimal digits were expected, as in "
                      "06:00:ac:10:00:02");
    }
    reader.number("mtu", kOptional,
                  {machine::NetworkConfig::kMinMtu, machine::NetworkConfig::kMaxMtu}, net.mtu);
    read_limiter(reader, "rx_rate_limiter", net.rx_rate_limiter);
    read_limiter(reader, "tx_rate_limiter", net.tx_rate_limiter);
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return net;
}

Result<NetworkInterfaceUpdate> parse_network_interface_update(const JsonValue& json) {
    ObjectReader reader(json, "");
    NetworkInterfaceUpdate update;
    read_id(reader, "iface_id", update.iface_id);
    read_limiter(reader, "rx_rate_limiter", update.rx_rate_limiter);
    read_limiter(reader, "tx_rate_limiter", update.tx_rate_limiter);
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return update;
}

Result<Balloon> parse_balloon(const JsonValue& json, const std::string& where) {
    ObjectReader reader(json, where);
    Balloon balloon;
    reader.number("amount_mib", kRequired, {0, kMaxMib}, balloon.amount_mib);
    reader.boolean("deflate_on_oom", kRequired, balloon.deflate_on_oom);
    reader.number("stats_polling_interval_s", kOptional, {0, kMaxSeconds},
                  balloon.stats_polling_interval_s);
    reader.boolean("free_page_hinting", kOptional, balloon.free_page_hinting);
    reader.boolean("free_page_reporting", kOptional, balloon.free_page_reporting);
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return balloon;
}

Result<BalloonUpdate> parse_balloon_update(const JsonValue& json) {
    ObjectReader reader(json, "");
    BalloonUpdate update;
    reader.number("amount_mib", kRequired, {0, kMaxMib}, update.amount_mib);
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return update;
}

Result<BalloonStatisticsUpdate> parse_balloon_statistics_update(const JsonValue& json) {
    ObjectReader reader(json, "");
    BalloonStatisticsUpdate update;
    reader.number("stats_polling_interval_s", kRequired, {0, kMaxSeconds},
                  update.stats_polling_interval_s);
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return update;
}

Result<BalloonHintingStart> parse_balloon_hinting_start(const JsonValue& json) {
    ObjectReader reader(json, "");
    // The driver's end of a run is always acknowledged; a client that wants to do so itself would
    // wait for what has happened.
    bool acknowledge = true;
    reader.boolean("acknowledge_on_stop", kOptional, acknowledge);
    if (!acknowledge) {
        reader.refuse("acknowledge_on_stop", "only true is supported");
    }
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return BalloonHintingStart{};
}

Result<Vsock> parse_vsock(const JsonValue& json, const std::string& where) {
    ObjectReader reader(json, where);
    Vsock vsock;
    reader.number("guest_cid", kRequired,
                  {machine::VsockConfig::kFirstCid, machine::VsockConfig::kLastCid},
                  vsock.guest_cid);
    reader.string("uds_path", kRequired, vsock.uds_path);
    std::optional<std::string> deprecated;
    reader.string("vsock_id", kOptional, deprecated);
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return vsock;
}

Result<Entropy> parse_entropy(const JsonValue& json, const std::string& where) {
    ObjectReader reader(json, where);
    Entropy entropy;
    read_limiter(reader, "rate_limiter", entropy.rate_limiter);
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return entropy;
}

Result<Serial> parse_serial(const JsonValue& json, const std::string& where) {
    ObjectReader reader(json, where);
    Serial serial;
    reader.string("serial_out_path", kOptional, serial.serial_out_path);
    refuse_if_there(reader, "rate_limiter",
                    "limits for the serial port are not supported yet: a slow reader holds the "
                    "guest back by itself");
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return serial;
}

}  // namespace skiff::api
