// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "vmm/api/text/json_value.h"
#include "vmm/machine/machine_config.h"

/// What a microVM is made of, in the words of the API and of the configuration file: Firecracker's
/// (docs/api/). Parsed and with their own ranges checked; what they mean together is
/// VmDescription's.
namespace skiff::api {

/// A microVM's name: letters, digits and hyphens, at most 64.
inline constexpr const char* kDefaultInstanceId = "anonymous-instance";

/// The largest size of memory that can be asked for: 2^46 bytes.
inline constexpr std::uint64_t kMaxMib = 1ULL << 26;

/// `/machine-config`.
struct MachineShape {
    enum class HugePages { kNone, kTransparent, k2M };
    static constexpr std::uint64_t kMaxVcpus = 32;

    std::uint64_t vcpu_count = 1;
    std::uint64_t mem_size_mib = 128;
    HugePages huge_pages = HugePages::kNone;
    /// Nothing: what there was stays, and what PUT /cpu-config has set.
    std::optional<machine::StaticCpuTemplate> cpu_template{};
};

/// PATCH of the same.
struct MachineShapeUpdate {
    std::optional<std::uint64_t> vcpu_count;
    std::optional<std::uint64_t> mem_size_mib;
    std::optional<MachineShape::HugePages> huge_pages;
    std::optional<machine::StaticCpuTemplate> cpu_template{};
};

/// `/cpu-config`: a CPU template of one's own.
struct CpuConfig {
    machine::CpuTemplate cpu_template;
};

/// `/boot-source`.
struct BootSource {
    std::string kernel_image_path;
    std::optional<std::string> initrd_path;
    std::optional<std::string> boot_args;
};

/// A token bucket as it was given; a size or a refill time of 0 means no limit.
struct BucketSetting {
    std::uint64_t size = 0;
    std::uint64_t refill_time_ms = 0;
    std::optional<std::uint64_t> one_time_burst;

    std::optional<TokenBucket::Rate> rate() const;
};

/// `rate_limiter`, in an update: a bucket that is not there stays as it is.
struct RateLimiterSetting {
    std::optional<BucketSetting> bandwidth;
    std::optional<BucketSetting> ops;

    RateLimits limits() const;
    /// Takes over the buckets that are in `update`.
    void merge(const RateLimiterSetting& update);
};

/// `/drives/{drive_id}`.
struct Drive {
    enum class CacheType { kUnsafe, kWriteback };
    enum class IoEngine { kSync, kAsync };

    std::string drive_id;
    std::string path_on_host;
    bool is_root_device = false;
    std::optional<std::string> partuuid;
    bool is_read_only = false;
    CacheType cache_type = CacheType::kUnsafe;
    IoEngine io_engine = IoEngine::kSync;
    std::optional<RateLimiterSetting> rate_limiter;
    /// A run option makes it, so it is no part of the description's `drives`; it has a name here,
    /// to be changed by.
    bool is_from_option = false;
};

/// PATCH of the same, after the start.
struct DriveUpdate {
    std::string drive_id;
    std::optional<std::string> path_on_host;
    std::optional<RateLimiterSetting> rate_limiter;
};

/// `/network-interfaces/{iface_id}`.
struct NetworkInterface {
    std::string iface_id;
    std::string host_dev_name;
    std::optional<std::string> guest_mac;
    std::optional<std::uint64_t> mtu;
    std::optional<RateLimiterSetting> rx_rate_limiter;
    std::optional<RateLimiterSetting> tx_rate_limiter;
    /// As a drive's.
    bool is_from_option = false;
};

/// PATCH of the same, after the start.
struct NetworkInterfaceUpdate {
    std::string iface_id;
    std::optional<RateLimiterSetting> rx_rate_limiter;
    std::optional<RateLimiterSetting> tx_rate_limiter;
};

/// `/balloon`.
struct Balloon {
    std::uint64_t amount_mib = 0;
    bool deflate_on_oom = false;
    std::uint64_t stats_polling_interval_s = 0;
    bool free_page_hinting = false;
    bool free_page_reporting = false;
};

/// PATCH of the same.
struct BalloonUpdate {
    std::uint64_t amount_mib = 0;
};

/// PATCH `/balloon/statistics`.
struct BalloonStatisticsUpdate {
    std::uint64_t stats_polling_interval_s = 0;
};

/// PATCH `/balloon/hinting/start` and `/balloon/hinting/stop`.
struct BalloonHintingStart {};
struct BalloonHintingStop {};

/// `/vsock`.
struct Vsock {
    std::uint64_t guest_cid = 3;
    std::string uds_path;
};

/// `/entropy`.
struct Entropy {
    std::optional<RateLimiterSetting> rate_limiter;
};

/// `/serial`.
struct Serial {
    std::optional<std::string> serial_out_path;
};

/// `/mmds/config`.
struct MmdsConfig {
    enum class Version { kV1, kV2 };
    static constexpr const char* kDefaultAddress = "169.254.169.254";

    Version version = Version::kV1;
    /// By their ids.
    std::vector<std::string> network_interfaces;
    std::string ipv4_address = kDefaultAddress;
    bool imds_compat = false;
};

/// PUT `/mmds`, and PATCH of the same.
struct Metadata {
    JsonValue data;
};
struct MetadataPatch {
    JsonValue patch;
};

/// `/logger`.
struct Logger {
    enum class Level { kOff, kTrace, kDebug, kInfo, kWarning, kError };
    enum class Format { kText, kJson };

    std::optional<Level> level;
    std::optional<std::string> log_path;
    std::optional<bool> show_level;
    std::optional<Format> log_format;
    /// Accepted; skiff's lines have neither an origin nor a module.
    std::optional<bool> show_log_origin;
    std::optional<std::string> module;
};

/// `/metrics`.
struct Metrics {
    std::string metrics_path;
    /// Whether lines have the microVM's name, and what else the user wants in them.
    bool emit_id = false;
    std::optional<std::map<std::string, std::string>> properties = {};
};

/// PUT `/actions`.
enum class Action { kInstanceStart, kSendCtrlAltDel, kFlushMetrics };

/// PATCH `/vm`.
enum class StateChange { kPause, kResume };

}  // namespace skiff::api
