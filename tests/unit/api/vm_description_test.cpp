// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/vm_description.h"

#include <catch2/catch.hpp>

#include "base/units.h"
#include "tests/support/temporary_file.h"
#include "vmm/api/config_file.h"
#include "vmm/api/resources/write_resources.h"

namespace skiff::api {
namespace {

/// A description with a kernel that is there.
struct Described {
    Described() {
        REQUIRE(
            vm.set(BootSource{.kernel_image_path = file.path(), .initrd_path = {}, .boot_args = {}})
                .ok());
    }
    Drive drive(const std::string& id, bool is_root) const {
        Drive drive;
        drive.drive_id = id;
        drive.path_on_host = file.path();
        drive.is_root_device = is_root;
        return drive;
    }
    machine::MachineConfig config() const {
        auto made = vm.machine_config();
        REQUIRE(made.ok());
        return std::move(made).value();
    }

    test::TemporaryFile file{test::Bytes{1}};
    VmDescription vm;
};

TEST_CASE("A microVM begins with Firecracker's defaults") {
    const Described described;
    const machine::MachineConfig config = described.config();
    CHECK(config.cpu_count == 1);
    CHECK(config.memory_bytes == 128 * kMiB);
    CHECK(config.whole_cmdline == kDefaultBootArgs);
    CHECK_FALSE(config.rng);
    CHECK(config.host_quirks);
    CHECK_FALSE(VmDescription().machine_config().ok());
}

TEST_CASE("The root device is the first disk, and the kernel is told of it") {
    Described described;
    REQUIRE(described.vm.set(described.drive("data", false)).ok());
    REQUIRE(described.vm.set(described.drive("rootfs", true)).ok());
    machine::MachineConfig config = described.config();
    REQUIRE(config.disks.size() == 2);
    CHECK(config.disks[0].serial == "rootfs");
    CHECK(config.whole_cmdline->ends_with(" root=/dev/vda rw"));

    const auto second = described.vm.set(described.drive("other", true));
    REQUIRE_FALSE(second.ok());
    CHECK(second.error().field() == "is_root_device");

    Drive changed = described.drive("rootfs", true);
    changed.is_read_only = true;
    changed.partuuid = "0eaa91a0-01";
    REQUIRE(described.vm.set(changed).ok());
    config = described.config();
    CHECK(config.disks.size() == 2);
    CHECK(config.whole_cmdline->ends_with(" root=PARTUUID=0eaa91a0-01 ro"));

    REQUIRE(described.vm.set(described.drive("rootfs", false)).ok());
    config = described.config();
    CHECK(config.disks[0].serial == "data");
    CHECK(config.whole_cmdline == kDefaultBootArgs);
}

TEST_CASE("A file that is not there is an error at once") {
    VmDescription vm;
    const auto set = vm.set(
        BootSource{.kernel_image_path = "/no/such/file", .initrd_path = {}, .boot_args = {}});
    REQUIRE_FALSE(set.ok());
    CHECK(set.error().message() ==
          "kernel_image_path: cannot open '/no/such/file': No such file or directory");
    CHECK(set.error().field() == "kernel_image_path");
    CHECK_FALSE(vm.boot_source.has_value());
}

TEST_CASE("A balloon fits into the memory, whichever is set first") {
    VmDescription vm;
    Balloon balloon;
    balloon.amount_mib = 129;
    CHECK_FALSE(vm.set(balloon).ok());
    balloon.amount_mib = 100;
    REQUIRE(vm.set(balloon).ok());
    CHECK_FALSE(vm.set(MachineShape{.vcpu_count = 1, .mem_size_mib = 99}).ok());
    CHECK(vm.machine.mem_size_mib == 128);
    CHECK(vm.set(BalloonUpdate{.amount_mib = 128}).ok());
    CHECK_FALSE(vm.set(BalloonUpdate{.amount_mib = 129}).ok());
    CHECK_FALSE(VmDescription().set(BalloonUpdate{.amount_mib = 1}).ok());
}

TEST_CASE("Two interfaces share neither an address nor a TAP") {
    VmDescription vm;
    const NetworkInterface first{.iface_id = "a",
                                 .host_dev_name = "tap0",
                                 .guest_mac = "06:00:AC:10:00:02",
                                 .mtu = {},
                                 .rx_rate_limiter = {},
                                 .tx_rate_limiter = {}};
    REQUIRE(vm.set(first).ok());
    NetworkInterface second = first;
    second.iface_id = "b";
    CHECK(vm.set(second).error().field() == "guest_mac");
    second.guest_mac = "06:00:ac:10:00:03";
    CHECK(vm.set(second).error().field() == "host_dev_name");
    second.host_dev_name = "tap1";
    CHECK(vm.set(second).ok());
    CHECK(vm.set(first).ok());
    CHECK(vm.nets.size() == 2);
}

TEST_CASE("An update of a rate limiter leaves the bucket that it does not name") {
    RateLimiterSetting limiter{
        .bandwidth = BucketSetting{.size = 1, .refill_time_ms = 1, .one_time_burst = {}},
        .ops = BucketSetting{.size = 2, .refill_time_ms = 1, .one_time_burst = {}}};
    limiter.merge({.bandwidth = BucketSetting{}, .ops = {}});
    CHECK_FALSE(limiter.limits().bytes.has_value());
    CHECK(limiter.limits().operations->size == 2);
}

TEST_CASE("What a description is written as makes the same microVM again") {
    Described described;
    VmDescription& vm = described.vm;
    Drive root = described.drive("rootfs", true);
    root.rate_limiter = RateLimiterSetting{
        .bandwidth = BucketSetting{.size = 5, .refill_time_ms = 6, .one_time_burst = 7}, .ops = {}};
    REQUIRE(vm.set(root).ok());
    REQUIRE(vm.set(MachineShape{.vcpu_count = 3,
                                .mem_size_mib = 64,
                                .huge_pages = MachineShape::HugePages::kTransparent})
                .ok());
    REQUIRE(vm.set(NetworkInterface{.iface_id = "eth0",
                                    .host_dev_name = "tap9",
                                    .guest_mac = "06:00:ac:10:00:02",
                                    .mtu = 1400,
                                    .rx_rate_limiter = root.rate_limiter,
                                    .tx_rate_limiter = {}})
                .ok());
    REQUIRE(vm.set(Balloon{.amount_mib = 8,
                           .deflate_on_oom = true,
                           .stats_polling_interval_s = 1,
                           .free_page_hinting = true,
                           .free_page_reporting = true})
                .ok());
    REQUIRE(vm.set(Vsock{.guest_cid = 5, .uds_path = "/tmp/v"}).ok());
    REQUIRE(vm.set(Entropy{.rate_limiter = root.rate_limiter}).ok());
    REQUIRE(vm.set(Serial{.serial_out_path = "/tmp/out"}).ok());
    vm.logger = Logger{.level = Logger::Level::kDebug,
                       .log_path = "/tmp/log",
                       .show_level = true,
                       .log_format = Logger::Format::kJson,
                       .show_log_origin = false,
                       .module = "m"};
    vm.metrics = Metrics{.metrics_path = "/tmp/m", .emit_id = true, .properties = {{{"a", "b"}}}};
    const std::string written = to_json(vm);
    INFO(written);
    const auto commands = parse_config(written, ConfigForm::kJson);
    REQUIRE(commands.ok());
    VmDescription again;
    for (const Command& command : *commands) {
        REQUIRE(api::apply(command, again).ok());
    }
    CHECK(to_json(again) == written);
}

TEST_CASE("A machine from the command line is described in the API's words") {
    machine::MachineConfig config;
    config.kernel_path = "/k";
    config.cpu_count = 2;
    config.memory_bytes = 512 * kMiB;
    machine::DiskConfig disk;
    disk.path = "/d";
    disk.limits.bytes = TokenBucket::Rate::per_second(1000);
    config.disks.push_back(disk);
    config.extra_cmdline = "quiet";
    const VmDescription vm = describe_machine(config);
    CHECK(vm.machine.vcpu_count == 2);
    CHECK(vm.machine.mem_size_mib == 512);
    CHECK(vm.drives.at(0).drive_id == "disk0");
    CHECK(vm.drives.at(0).rate_limiter->bandwidth->size == 100);
    CHECK(vm.boot_source->boot_args == "console=ttyS0 reboot=k panic=-1 quiet");
    CHECK(vm.entropy.has_value());
}

}  // namespace
}  // namespace skiff::api
