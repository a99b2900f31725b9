// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/resources/write_resources.h"

#include <array>

#include "base/json_writer.h"
#include "base/units.h"
#include "vmm/api/resources/cpu_config.h"
#include "vmm/api/resources/words.h"
#include "vmm/api/version.h"

namespace skiff::api {
namespace {

void string_if_there(JsonWriter& json, std::string_view key,
                     const std::optional<std::string>& value) {
    if (value.has_value()) {
        json.string(key, *value);
    }
}

void write_bucket(JsonWriter& json, std::string_view key,
                  const std::optional<BucketSetting>& bucket) {
    if (!bucket.has_value()) {
        return;
    }
    json.begin_object(key);
    json.number("size", bucket->size);
    if (bucket->one_time_burst.has_value()) {
        json.number("one_time_burst", *bucket->one_time_burst);
    }
    json.number("refill_time", bucket->refill_time_ms);
    json.end_object();
}

void write_limiter(JsonWriter& json, std::string_view key,
                   const std::optional<RateLimiterSetting>& limiter) {
    if (!limiter.has_value()) {
        return;
    }
    json.begin_object(key);
    write_bucket(json, "bandwidth", limiter->bandwidth);
    write_bucket(json, "ops", limiter->ops);
    json.end_object();
}

void write_members(JsonWriter& json, const MachineShape& shape) {
    json.number("vcpu_count", shape.vcpu_count);
    json.number("mem_size_mib", shape.mem_size_mib);
    json.boolean("smt", false);
    json.boolean("track_dirty_pages", false);
    if (shape.cpu_template.has_value()) {
        json.string("cpu_template", word_for(kCpuTemplateWords, *shape.cpu_template));
    }
    json.string("huge_pages", word_for(kHugePagesWords, shape.huge_pages));
}

void write_members(JsonWriter& json, const Balloon& balloon) {
    json.number("amount_mib", balloon.amount_mib);
    json.boolean("deflate_on_oom", balloon.deflate_on_oom);
    json.number("stats_polling_interval_s", balloon.stats_polling_interval_s);
    json.boolean("free_page_hinting", balloon.free_page_hinting);
    json.boolean("free_page_reporting", balloon.free_page_reporting);
}

void write_members(JsonWriter& json, const BootSource& boot) {
    json.string("kernel_image_path", boot.kernel_image_path);
    string_if_there(json, "initrd_path", boot.initrd_path);
    string_if_there(json, "boot_args", boot.boot_args);
}

void write_members(JsonWriter& json, const Drive& drive) {
    json.string("drive_id", drive.drive_id);
    json.string("path_on_host", drive.path_on_host);
    json.boolean("is_root_device", drive.is_root_device);
    string_if_there(json, "partuuid", drive.partuuid);
    json.boolean("is_read_only", drive.is_read_only);
    json.string("cache_type", word_for(kCacheTypeWords, drive.cache_type));
    json.string("io_engine", word_for(kIoEngineWords, drive.io_engine));
    write_limiter(json, "rate_limiter", drive.rate_limiter);
}

void write_members(JsonWriter& json, const NetworkInterface& net) {
    json.string("iface_id", net.iface_id);
    json.string("host_dev_name", net.host_dev_name);
    string_if_there(json, "guest_mac", net.guest_mac);
    if (net.mtu.has_value()) {
        json.number("mtu", *net.mtu);
    }
    write_limiter(json, "rx_rate_limiter", net.rx_rate_limiter);
    write_limiter(json, "tx_rate_limiter", net.tx_rate_limiter);
}

void write_members(JsonWriter& json, const Vsock& vsock) {
    json.number("guest_cid", vsock.guest_cid);
    json.string("uds_path", vsock.uds_path);
}

void write_members(JsonWriter& json, const Entropy& entropy) {
    write_limiter(json, "rate_limiter", entropy.rate_limiter);
}

void write_members(JsonWriter& json, const Serial& serial) {
    string_if_there(json, "serial_out_path", serial.serial_out_path);
}

void write_members(JsonWriter& json, const Logger& logger) {
    if (logger.level.has_value()) {
        json.string("level", word_for(kLevelWords, *logger.level));
    }
    string_if_there(json, "log_path", logger.log_path);
    if (logger.show_level.has_value()) {
        json.boolean("show_level", *logger.show_level);
    }
    if (logger.log_format.has_value()) {
        json.string("log_format", word_for(kLogFormatWords, *logger.log_format));
    }
    if (logger.show_log_origin.has_value()) {
        json.boolean("show_log_origin", *logger.show_log_origin);
    }
    string_if_there(json, "module", logger.module);
}

void write_members(JsonWriter& json, const MachineOptions& options) {
    for (const MachineOptions::Option& option : options.options) {
        if (option.values.empty()) {
            json.boolean(option.name, true);
        } else if (option.values.size() == 1) {
            json.string(option.name, option.values.front());
        } else {
            json.begin_array(option.name);
            for (const std::string& value : option.values) {
                json.element(value);
            }
            json.end_array();
        }
    }
}

void write_members(JsonWriter& json, const Metrics& metrics) {
    json.string("metrics_path", metrics.metrics_path);
    json.boolean("emit_id", metrics.emit_id);
    if (metrics.properties.has_value()) {
        json.begin_object("properties");
        for (const auto& [key, value] : *metrics.properties) {
            json.string(key, value);
        }
        json.end_object();
    }
}

void write_members(JsonWriter& json, const MmdsConfig& mmds) {
    json.string("version", word_for(kMmdsVersionWords, mmds.version));
    json.begin_array("network_interfaces");
    for (const std::string& id : mmds.network_interfaces) {
        json.element(id);
    }
    json.end_array();
    json.string("ipv4_address", mmds.ipv4_address);
    json.boolean("imds_compat", mmds.imds_compat);
}

template <typename T>
void write_object(JsonWriter& json, std::string_view key, const T& resource) {
    json.begin_object(key);
    write_members(json, resource);
    json.end_object();
}

template <typename T>
void write_object(JsonWriter& json, std::string_view key, const std::optional<T>& resource) {
    if (resource.has_value()) {
        write_object(json, key, *resource);
    }
}

template <typename T>
void write_list(JsonWriter& json, std::string_view key, const std::vector<T>& resources) {
    json.begin_array(key);
    for (const T& resource : resources) {
        if (!resource.is_from_option) {
            write_object(json, {}, resource);
        }
    }
    json.end_array();
}

template <typename T>
std::string whole(const T& resource) {
    JsonWriter json;
    write_object(json, {}, resource);
    return json.text();
}

/// The names of the statistics, by tag (virtio/balloon/balloon_registers.h).
constexpr std::array<std::string_view, virtio::balloon::kStatTags> kStatisticNames = {
    "swap_in",      "swap_out",         "major_faults", "minor_faults",        "free_memory",
    "total_memory", "available_memory", "disk_caches",  "hugetlb_allocations", "hugetlb_failures"};

}  // namespace

std::string to_json(const MachineShape& shape) {
    return whole(shape);
}

std::string to_json(const Balloon& balloon) {
    return whole(balloon);
}

std::string to_json(const MachineOptions& options) {
    return whole(options);
}

std::string to_json(const VmDescription& description) {
    JsonWriter json;
    json.begin_object();
    write_object(json, "boot-source", description.boot_source);
    write_object(json, "machine-config", description.machine);
    write_object(json, "cpu-config", description.cpu_config);
    write_list(json, "drives", description.drives);
    write_list(json, "network-interfaces", description.nets);
    write_object(json, "balloon", description.balloon);
    write_object(json, "vsock", description.vsock);
    write_object(json, "entropy", description.entropy);
    write_object(json, "serial", description.serial);
    write_object(json, "logger", description.logger);
    write_object(json, "metrics", description.metrics);
    write_object(json, "run-options", description.options);
    write_object(json, "mmds-config", description.mmds_config);
    json.end_object();
    return json.text();
}

std::string statistics_json(const machine::BalloonState& state) {
    JsonWriter json;
    json.begin_object();
    json.number("target_pages", state.target_bytes / kPageSize);
    json.number("actual_pages", state.actual_bytes / kPageSize);
    json.number("target_mib", state.target_bytes / kMiB);
    json.number("actual_mib", state.actual_bytes / kMiB);
    for (std::size_t tag = 0; tag < kStatisticNames.size(); ++tag) {
        if (const auto value = state.statistics.at(tag)) {
            json.number(kStatisticNames.at(tag), *value);
        }
    }
    json.end_object();
    return json.text();
}

std::string hinting_json(const machine::BalloonState& state) {
    JsonWriter json;
    json.begin_object();
    json.number("host_cmd", state.hint_command);
    json.number("hinted_bytes", state.hinted_bytes);
    json.end_object();
    return json.text();
}

std::string instance_json(const VmDescription& description, std::string_view state) {
    JsonWriter json;
    json.begin_object();
    json.string("app_name", "Firecracker");
    json.string("id", description.id);
    json.string("state", state);
    json.string("vmm_version", kFirecrackerVersion);
    json.end_object();
    return json.text();
}

std::string version_json() {
    JsonWriter json;
    json.begin_object();
    json.string("firecracker_version", kFirecrackerVersion);
    json.end_object();
    return json.text();
}

std::string fault_json(std::string_view message, std::string_view path, std::string_view field) {
    JsonWriter json;
    json.begin_object();
    json.string("fault_message", message);
    json.string("path", path);
    if (!field.empty()) {
        json.string("field", field);
    }
    json.end_object();
    return json.text();
}

}  // namespace skiff::api
