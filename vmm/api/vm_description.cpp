// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/vm_description.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "base/unique_fd.h"

namespace skiff::api {
namespace {

/// Whoever names a file that is not there is told so at once, not at the start.
Result<void> check_file(const std::string& path, std::string_view field) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!fd.valid()) {
        const Error host = Error::host(errno, fmt::format("{}: cannot open '{}'", field, path));
        return Error::user(host.message()).with_field(std::string(field));
    }
    return {};
}

Error wrong(std::string field, std::string_view message) {
    return Error::user(fmt::format("{}: {}", field, message)).with_field(field);
}

Result<void> check_memory(const MachineShape& shape, const std::optional<Balloon>& balloon) {
    if (shape.huge_pages == MachineShape::HugePages::k2M && shape.mem_size_mib % 2 != 0) {
        return wrong("mem_size_mib", fmt::format("{} is odd, which pages of 2 MiB cannot make up",
                                                 shape.mem_size_mib));
    }
    if (balloon.has_value() && balloon->amount_mib > shape.mem_size_mib) {
        return wrong("amount_mib",
                     fmt::format("a balloon of {} MiB does not fit into a memory of {} MiB",
                                 balloon->amount_mib, shape.mem_size_mib));
    }
    return {};
}

template <typename List, typename Id>
auto find_by_id(List& list, Id id, const std::string& wanted) {
    return std::find_if(list.begin(), list.end(),
                        [&](const auto& entry) { return entry.*id == wanted; });
}

}  // namespace

std::optional<TokenBucket::Rate> BucketSetting::rate() const {
    if (size == 0 || refill_time_ms == 0) {
        return std::nullopt;
    }
    return TokenBucket::Rate{
        .size = size,
        .refill_time = std::chrono::milliseconds(static_cast<std::int64_t>(refill_time_ms)),
        .one_time_burst = one_time_burst.value_or(0)};
}

RateLimits RateLimiterSetting::limits() const {
    const auto rate_of = [](const std::optional<BucketSetting>& bucket) {
        return bucket.has_value() ? bucket->rate() : std::nullopt;
    };
    return {.bytes = rate_of(bandwidth), .operations = rate_of(ops)};
}

void RateLimiterSetting::merge(const RateLimiterSetting& update) {
    if (update.bandwidth.has_value()) {
        bandwidth = update.bandwidth;
    }
    if (update.ops.has_value()) {
        ops = update.ops;
    }
}

Result<void> VmDescription::set(const MachineShape& shape) {
    SKIFF_RETURN_IF_ERROR(check_memory(shape, balloon));
    const auto cpu_template = machine.cpu_template;
    machine = shape;
    if (!shape.cpu_template.has_value()) {
        machine.cpu_template = cpu_template;
        return {};
    }
    cpu_config.reset();
    if (*shape.cpu_template == machine::StaticCpuTemplate::kNone) {
        machine.cpu_template.reset();
    }
    return {};
}

Result<void> VmDescription::set(const MachineShapeUpdate& update) {
    MachineShape shape = machine;
    shape.vcpu_count = update.vcpu_count.value_or(shape.vcpu_count);
    shape.mem_size_mib = update.mem_size_mib.value_or(shape.mem_size_mib);
    shape.huge_pages = update.huge_pages.value_or(shape.huge_pages);
    shape.cpu_template = update.cpu_template;
    return set(shape);
}

Result<void> VmDescription::set(const CpuConfig& config) {
    cpu_config = config;
    machine.cpu_template.reset();
    return {};
}

Result<void> VmDescription::set(const BootSource& source) {
    SKIFF_RETURN_IF_ERROR(check_file(source.kernel_image_path, "kernel_image_path"));
    if (source.initrd_path.has_value()) {
        SKIFF_RETURN_IF_ERROR(check_file(*source.initrd_path, "initrd_path"));
    }
    boot_source = source;
    return {};
}

Result<void> VmDescription::set(const Drive& drive) {
    SKIFF_RETURN_IF_ERROR(check_file(drive.path_on_host, "path_on_host"));
    const auto other_root = std::find_if(drives.begin(), drives.end(), [&](const Drive& other) {
        return other.is_root_device && other.drive_id != drive.drive_id;
    });
    if (drive.is_root_device && other_root != drives.end()) {
        return wrong(
            "is_root_device",
            fmt::format("drive '{}' is the root device already: one can be", other_root->drive_id));
    }
    const auto found = find_by_id(drives, &Drive::drive_id, drive.drive_id);
    if (found != drives.end() && found->is_root_device == drive.is_root_device) {
        *found = drive;
        return {};
    }
    if (found != drives.end()) {
        drives.erase(found);
    }
    drives.insert(drive.is_root_device ? drives.begin() : drives.end(), drive);
    return {};
}

Result<void> VmDescription::set(const NetworkInterface& net) {
    for (const NetworkInterface& other : nets) {
        if (other.iface_id == net.iface_id) {
            continue;
        }
        if (net.guest_mac.has_value() && other.guest_mac.has_value() &&
            virtio::net::parse_mac(*net.guest_mac) == virtio::net::parse_mac(*other.guest_mac)) {
            return wrong("guest_mac", fmt::format("interface '{}' has {} already", other.iface_id,
                                                  *other.guest_mac));
        }
        if (other.host_dev_name == net.host_dev_name) {
            return wrong("host_dev_name", fmt::format("interface '{}' has '{}' already",
                                                      other.iface_id, other.host_dev_name));
        }
    }
    const auto found = find_by_id(nets, &NetworkInterface::iface_id, net.iface_id);
    if (found != nets.end()) {
        *found = net;
    } else {
        nets.push_back(net);
    }
    return {};
}

Result<void> VmDescription::set(const Balloon& given) {
    SKIFF_RETURN_IF_ERROR(check_memory(machine, given));
    balloon = given;
    return {};
}

Result<void> VmDescription::set(const BalloonUpdate& update) {
    if (!balloon.has_value()) {
        return Error::user("there is no balloon: PUT /balloon makes one");
    }
    Balloon changed = *balloon;
    changed.amount_mib = update.amount_mib;
    return set(changed);
}

Result<void> VmDescription::set(const BalloonStatisticsUpdate& update) {
    if (!balloon.has_value()) {
        return Error::user("there is no balloon: PUT /balloon makes one");
    }
    balloon->stats_polling_interval_s = update.stats_polling_interval_s;
    return {};
}

Result<void> VmDescription::set(const Vsock& given) {
    vsock = given;
    return {};
}

Result<void> VmDescription::set(const Entropy& given) {
    entropy = given;
    return {};
}

Result<void> VmDescription::set(const Serial& given) {
    serial = given;
    return {};
}

Result<void> VmDescription::set(const Logger& given) {
    logger = given;
    return {};
}

Result<void> VmDescription::set(const Metrics& given) {
    metrics = given;
    return {};
}

Result<void> VmDescription::set(const MachineOptions& given) {
    if (apply_options == nullptr) {
        return Error::user("options of skiff run are not possible here");
    }
    machine::MachineConfig scratch;
    SKIFF_RETURN_IF_ERROR(apply_options(given, scratch));
    options = given;
    return {};
}

}  // namespace skiff::api
