// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/values/disk_option.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "vmm/cli/values/settings.h"

namespace skiff::cli {
namespace {

using machine::DiskConfig;

Result<void> set_read_only(const Setting& /*setting*/, DiskConfig& disk) {
    disk.read_only = true;
    return {};
}

Result<void> set_direct(const Setting& /*setting*/, DiskConfig& disk) {
    disk.direct = true;
    return {};
}

Result<void> set_serial(const Setting& setting, DiskConfig& disk) {
    disk.serial = setting.value.value_or("");
    const bool printable = std::all_of(disk.serial.begin(), disk.serial.end(),
                                       [](char c) { return c >= ' ' && c <= '~'; });
    if (disk.serial.empty() || disk.serial.size() > DiskConfig::kMaxSerialLength || !printable) {
        return wrong_setting(setting, fmt::format("a serial has 1 to {} printable ASCII characters",
                                                  DiskConfig::kMaxSerialLength));
    }
    return {};
}

Result<void> set_queues(const Setting& setting, DiskConfig& disk) {
    const std::string takes =
        fmt::format("a disk has 1 to {} queues (queues=2)", DiskConfig::kMaxQueues);
    SKIFF_ASSIGN_OR_RETURN(const std::uint64_t queues,
                           number_between(setting, 1, DiskConfig::kMaxQueues, takes));
    disk.queues = static_cast<unsigned>(queues);
    return {};
}

Result<void> set_engine(const Setting& setting, DiskConfig& disk) {
    SKIFF_ASSIGN_OR_RETURN(const bool uring, is_first(setting, "uring", "sync"));
    disk.engine = uring ? DiskConfig::Engine::kUring : DiskConfig::Engine::kSync;
    return {};
}

Result<void> set_cache(const Setting& setting, DiskConfig& disk) {
    SKIFF_ASSIGN_OR_RETURN(const bool back, is_first(setting, "writeback", "writethrough"));
    disk.cache = back ? DiskConfig::Cache::kWriteback : DiskConfig::Cache::kWritethrough;
    return {};
}

Result<void> set_discard(const Setting& setting, DiskConfig& disk) {
    SKIFF_ASSIGN_OR_RETURN(disk.discard, is_first(setting, "on", "off"));
    return {};
}

Result<void> set_bandwidth(const Setting& setting, DiskConfig& disk) {
    SKIFF_ASSIGN_OR_RETURN(disk.limits.bytes, byte_rate(setting));
    return {};
}

Result<void> set_operations(const Setting& setting, DiskConfig& disk) {
    SKIFF_ASSIGN_OR_RETURN(const std::uint64_t number,
                           positive_number(setting, "write for example iops=5000"));
    disk.limits.operations = TokenBucket::Rate::per_second(number);
    return {};
}

constexpr std::array kKeys = {
    SettingKey<DiskConfig>{"ro", "ro", set_read_only},
    SettingKey<DiskConfig>{"direct", "direct", set_direct},
    SettingKey<DiskConfig>{"id", "id=SERIAL", set_serial},
    SettingKey<DiskConfig>{"queues", "queues=N", set_queues},
    SettingKey<DiskConfig>{"engine", "engine=uring|sync", set_engine},
    SettingKey<DiskConfig>{"cache", "cache=writeback|writethrough", set_cache},
    SettingKey<DiskConfig>{"discard", "discard=on|off", set_discard},
    SettingKey<DiskConfig>{"bw", "bw=SIZE/s", set_bandwidth},
    SettingKey<DiskConfig>{"iops", "iops=N", set_operations},
};

}  // namespace

Result<DiskConfig> parse_disk(std::string_view text) {
    const std::vector<std::string> parts = split_settings(text);
    DiskConfig disk;
    disk.path = parts.front();
    if (disk.path.empty()) {
        return Error::user("the path is empty: name a raw disk image or a block device");
    }
    for (std::size_t i = 1; i < parts.size(); ++i) {
        SKIFF_RETURN_IF_ERROR(apply_setting<DiskConfig>(to_setting(parts[i]), kKeys, "disk", disk));
    }
    return disk;
}

}  // namespace skiff::cli
