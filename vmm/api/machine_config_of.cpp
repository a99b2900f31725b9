// SPDX-License-Identifier: Apache-2.0
// From the API's words to a machine's configuration, and back.
#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"
#include "vmm/api/resources/words.h"
#include "vmm/api/vm_description.h"
#include "vmm/machine/command_line.h"

namespace skiff::api {
namespace {

using machine::DiskConfig;
using machine::MachineConfig;
using machine::NetworkConfig;
using machine::SerialConfig;

/// The kernel's parameters for the root device, which is the first disk.
std::string root_parameters(const Drive& root) {
    const std::string device =
        root.partuuid.has_value() ? "PARTUUID=" + *root.partuuid : std::string("/dev/vda");
    return fmt::format("root={} {}", device, root.is_read_only ? "ro" : "rw");
}

DiskConfig disk_of(const Drive& drive) {
    DiskConfig disk;
    disk.path = drive.path_on_host;
    disk.read_only = drive.is_read_only;
    disk.serial = drive.drive_id.substr(0, DiskConfig::kMaxSerialLength);
    disk.engine = drive.io_engine == Drive::IoEngine::kSync ? DiskConfig::Engine::kSync
                                                            : DiskConfig::Engine::kAuto;
    // For "Unsafe" too, which lets a VMM ignore flushes: ours cost nothing where nobody asks.
    disk.cache = DiskConfig::Cache::kWriteback;
    if (drive.rate_limiter.has_value()) {
        disk.limits = drive.rate_limiter->limits();
    }
    return disk;
}

NetworkConfig net_of(const NetworkInterface& given) {
    NetworkConfig net;
    net.tap = given.host_dev_name;
    if (given.guest_mac.has_value()) {
        net.mac = virtio::net::parse_mac(*given.guest_mac);
    }
    if (given.mtu.has_value()) {
        net.mtu = static_cast<std::uint16_t>(*given.mtu);
    }
    // Firecracker's "rx" is what the guest receives.
    if (given.rx_rate_limiter.has_value()) {
        net.limits_in = given.rx_rate_limiter->limits();
    }
    if (given.tx_rate_limiter.has_value()) {
        net.limits_out = given.tx_rate_limiter->limits();
    }
    return net;
}

machine::BalloonConfig balloon_of(const Balloon& given) {
    return {.size_bytes = given.amount_mib * kMiB,
            .deflate_on_oom = given.deflate_on_oom,
            .free_page_reporting = given.free_page_reporting,
            .stats_interval = std::chrono::seconds(given.stats_polling_interval_s)};
}

MemoryBacking backing_of(MachineShape::HugePages pages) {
    MemoryBacking backing;
    if (pages == MachineShape::HugePages::k2M) {
        backing.kind = MemoryBacking::Kind::kHugetlb;
        backing.huge_page_bytes = 2 * kMiB;
    }
    backing.transparent_huge_pages = pages == MachineShape::HugePages::kTransparent;
    return backing;
}

std::optional<machine::CpuTemplate> template_of(const VmDescription& description) {
    if (description.cpu_config.has_value()) {
        return description.cpu_config->cpu_template;
    }
    if (!description.machine.cpu_template.has_value()) {
        return std::nullopt;
    }
    auto made = machine::static_cpu_template(*description.machine.cpu_template);
    made.field = "machine-config.cpu_template";
    return made;
}

std::optional<BucketSetting> setting_of(const std::optional<TokenBucket::Rate>& rate) {
    if (!rate.has_value()) {
        return std::nullopt;
    }
    const auto time = std::chrono::ceil<std::chrono::milliseconds>(rate->refill_time);
    return BucketSetting{.size = rate->size,
                         .refill_time_ms = static_cast<std::uint64_t>(time.count()),
                         .one_time_burst = rate->one_time_burst};
}

std::optional<RateLimiterSetting> setting_of(const RateLimits& limits) {
    if (limits == RateLimits{}) {
        return std::nullopt;
    }
    return RateLimiterSetting{.bandwidth = setting_of(limits.bytes),
                              .ops = setting_of(limits.operations)};
}

Drive drive_of(const DiskConfig& disk, std::size_t position) {
    Drive drive;
    drive.drive_id = fmt::format("disk{}", position);
    drive.path_on_host = disk.path;
    drive.is_read_only = disk.read_only;
    drive.cache_type = Drive::CacheType::kWriteback;
    drive.io_engine =
        disk.engine == DiskConfig::Engine::kSync ? Drive::IoEngine::kSync : Drive::IoEngine::kAsync;
    drive.rate_limiter = setting_of(disk.limits);
    return drive;
}

NetworkInterface interface_of(const NetworkConfig& config, std::size_t position) {
    NetworkInterface net;
    net.iface_id = fmt::format("eth{}", position);
    net.host_dev_name = virtio::net::describe(config);
    if (config.mac.has_value()) {
        net.guest_mac = fmt::format("{:02x}", fmt::join(*config.mac, ":"));
    }
    net.mtu = config.mtu;
    net.rx_rate_limiter = setting_of(config.limits_in);
    net.tx_rate_limiter = setting_of(config.limits_out);
    return net;
}

/// A template by its name where it has one.
void describe_cpus(const MachineConfig& config, VmDescription& description) {
    if (!config.cpu_template.has_value()) {
        return;
    }
    for (const auto& choice : kCpuTemplateWords) {
        if (choice.word == config.cpu_template->name) {
            description.machine.cpu_template = choice.value;
            return;
        }
    }
    description.cpu_config = CpuConfig{*config.cpu_template};
}

}  // namespace

Result<MachineConfig> VmDescription::machine_config() const {
    if (!boot_source.has_value()) {
        return Error::user("no kernel is set: PUT /boot-source names one")
            .with_field("boot-source");
    }
    MachineConfig config;
    if (id != kDefaultInstanceId) {
        config.name = id;
    }
    config.kernel_path = boot_source->kernel_image_path;
    config.initrd_path = boot_source->initrd_path;
    config.whole_cmdline = boot_source->boot_args;
    if (!config.whole_cmdline.has_value() && !options.has_value()) {
        config.whole_cmdline = kDefaultBootArgs;
    }
    std::string& cmdline =
        config.whole_cmdline.has_value() ? *config.whole_cmdline : config.extra_cmdline;
    config.cpu_count = static_cast<unsigned>(machine.vcpu_count);
    config.cpu_template = template_of(*this);
    config.memory_bytes = machine.mem_size_mib * kMiB;
    config.memory_backing = backing_of(machine.huge_pages);
    for (const Drive& drive : drives) {
        if (drive.is_from_option) {
            continue;
        }
        config.disks.push_back(disk_of(drive));
        if (drive.is_root_device) {
            cmdline += (cmdline.empty() ? "" : " ") + root_parameters(drive);
        }
    }
    for (const NetworkInterface& net : nets) {
        if (!net.is_from_option) {
            config.nets.push_back(net_of(net));
        }
    }
    if (balloon.has_value()) {
        config.balloon = balloon_of(*balloon);
    }
    if (vsock.has_value()) {
        config.vsock = machine::VsockConfig{.cid = static_cast<std::uint32_t>(vsock->guest_cid),
                                            .path = vsock->uds_path};
    }
    config.rng = entropy.has_value();
    if (entropy.has_value() && entropy->rate_limiter.has_value()) {
        config.rng_limits = entropy->rate_limiter->limits();
    }
    if (serial.has_value() && serial->serial_out_path.has_value()) {
        config.serial = {.kind = SerialConfig::Kind::kFile, .path = *serial->serial_out_path};
    }
    if (options.has_value()) {
        SKIFF_RETURN_IF_ERROR(apply_options(*options, config));
    }
    SKIFF_RETURN_IF_ERROR(add_metadata_service(config));
    SKIFF_RETURN_IF_ERROR(machine::validate(config));
    return config;
}

VmDescription describe_machine(const MachineConfig& config) {
    VmDescription description;
    if (!config.name.empty()) {
        description.id = config.name;
    }
    description.machine.vcpu_count = config.cpu_count;
    description.machine.mem_size_mib = config.memory_bytes / kMiB;
    describe_cpus(config, description);
    if (config.memory_backing.kind == MemoryBacking::Kind::kHugetlb) {
        description.machine.huge_pages = MachineShape::HugePages::k2M;
    } else if (config.memory_backing.transparent_huge_pages) {
        description.machine.huge_pages = MachineShape::HugePages::kTransparent;
    }
    BootSource boot{.kernel_image_path = config.kernel_path,
                    .initrd_path = config.initrd_path,
                    .boot_args = machine::configured_parameters(config)};
    description.boot_source = std::move(boot);
    for (std::size_t i = 0; i < config.disks.size(); ++i) {
        description.drives.push_back(drive_of(config.disks[i], i));
    }
    for (std::size_t i = 0; i < config.nets.size(); ++i) {
        description.nets.push_back(interface_of(config.nets[i], i));
    }
    if (config.balloon.has_value()) {
        using std::chrono::seconds;
        const auto interval = std::chrono::ceil<seconds>(config.balloon->stats_interval).count();
        description.balloon =
            Balloon{.amount_mib = config.balloon->size_bytes / kMiB,
                    .deflate_on_oom = config.balloon->deflate_on_oom,
                    .stats_polling_interval_s = static_cast<std::uint64_t>(interval),
                    .free_page_hinting = true,
                    .free_page_reporting = config.balloon->free_page_reporting};
    }
    if (config.vsock.has_value()) {
        description.vsock = Vsock{.guest_cid = config.vsock->cid, .uds_path = config.vsock->path};
    }
    if (config.rng) {
        description.entropy = Entropy{};
        if (config.rng_limits.has_value()) {
            description.entropy->rate_limiter = setting_of(*config.rng_limits);
        }
    }
    if (config.serial.kind == SerialConfig::Kind::kFile) {
        description.serial = Serial{.serial_out_path = config.serial.path};
    }
    return description;
}

}  // namespace skiff::api
