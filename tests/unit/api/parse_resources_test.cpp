// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/resources/parse_resources.h"

#include <catch2/catch.hpp>

namespace skiff::api {
namespace {

JsonValue json_of(std::string_view text) {
    auto value = parse_json(text);
    REQUIRE(value.ok());
    return std::move(value).value();
}

template <typename T>
std::string field_of(const Result<T>& result) {
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().kind() == ErrorKind::kUser);
    return result.error().field();
}

TEST_CASE("A machine's shape has Firecracker's defaults and ranges") {
    const auto shape =
        parse_machine_shape(json_of(R"({"vcpu_count": 2, "mem_size_mib": 256})"), "");
    REQUIRE(shape.ok());
    CHECK(shape->vcpu_count == 2);
    CHECK(shape->huge_pages == MachineShape::HugePages::kNone);
    CHECK(parse_machine_shape(json_of(R"({"vcpu_count": 32, "mem_size_mib": 1, "smt": false,
        "cpu_template": "None", "track_dirty_pages": false, "huge_pages": "2M"})"),
                              "")
              .ok());
    const auto wrong = [](std::string_view text) {
        return field_of(parse_machine_shape(json_of(text), "machine-config"));
    };
    CHECK(wrong(R"({"mem_size_mib": 1})") == "machine-config.vcpu_count");
    CHECK(wrong(R"({"vcpu_count": 33, "mem_size_mib": 1})") == "machine-config.vcpu_count");
    CHECK(wrong(R"({"vcpu_count": 1, "mem_size_mib": 0})") == "machine-config.mem_size_mib");
    CHECK(wrong(R"({"vcpu_count": 1, "mem_size_mib": 1, "smt": true})") == "machine-config.smt");
    CHECK(wrong(R"({"vcpu_count": 1, "mem_size_mib": 1, "cpu_template": "V1N1"})") ==
          "machine-config.cpu_template");
    const auto update = parse_machine_shape_update(json_of("{}"));
    REQUIRE(update.ok());
    CHECK_FALSE(update->vcpu_count.has_value());
}

TEST_CASE("A drive's limits are read to the last level") {
    const auto drive = parse_drive(json_of(R"({"drive_id": "rootfs", "path_on_host": "/x",
        "is_root_device": true, "is_read_only": true, "partuuid": "0eaa91a0-01",
        "cache_type": "Writeback", "io_engine": "Async", "rate_limiter": {
            "bandwidth": {"size": 1000, "one_time_burst": 5, "refill_time": 100},
            "ops": {"size": 0, "refill_time": 0}}})"),
                                   "");
    REQUIRE(drive.ok());
    CHECK(drive->io_engine == Drive::IoEngine::kAsync);
    const RateLimits limits = drive->rate_limiter->limits();
    CHECK(limits.bytes == TokenBucket::Rate{.size = 1000,
                                            .refill_time = std::chrono::milliseconds(100),
                                            .one_time_burst = 5});
    CHECK_FALSE(limits.operations.has_value());
    CHECK(field_of(parse_drive(json_of(R"({"drive_id": "a", "path_on_host": "/x",
        "is_root_device": true, "rate_limiter": {"bandwidth": {"size": 1, "refil_time": 1}}})"),
                               "drives[1]")) == "drives[1].rate_limiter.bandwidth.refil_time");
    CHECK(field_of(parse_drive(json_of(R"({"drive_id": "a", "path_on_host": "/x",
        "is_root_device": true, "rate_limiter": {"bandwith": {}}})"),
                               "")) == "rate_limiter.bandwith");
}

TEST_CASE("Ids are words") {
    const auto id_is_fine = [](const std::string& id) {
        return parse_network_interface(
                   json_of(R"({"host_dev_name": "tap0", "iface_id": ")" + id + "\"}"), "")
            .ok();
    };
    CHECK(id_is_fine("eth_0"));
    CHECK_FALSE(id_is_fine(""));
    CHECK_FALSE(id_is_fine("a/b"));
    CHECK_FALSE(id_is_fine("a-b"));
    CHECK_FALSE(id_is_fine(std::string(65, 'x')));
    CHECK(parse_instance_id("vm-1").ok());
    CHECK_FALSE(parse_instance_id("vm_1").ok());
    CHECK_FALSE(parse_instance_id(std::string(65, 'x')).ok());
}

TEST_CASE("What skiff does not have yet is refused by name") {
    CHECK(field_of(parse_drive(json_of(R"({"drive_id": "a", "is_root_device": false,
        "socket": "/s"})"),
                               "")) == "socket");
    CHECK(field_of(parse_serial(json_of(R"({"rate_limiter": {"size": 1, "refill_time": 1}})"),
                                "")) == "rate_limiter");
    CHECK(field_of(parse_balloon_hinting_start(json_of(R"({"acknowledge_on_stop": false})"))) ==
          "acknowledge_on_stop");
}

TEST_CASE("Levels, actions and states are Firecracker's words") {
    CHECK(*parse_log_level("wArNiNg") == Logger::Level::kWarning);
    CHECK(*parse_log_level("warn") == Logger::Level::kWarning);
    CHECK_FALSE(parse_log_level("loud").ok());
    CHECK(*parse_action(json_of(R"({"action_type": "InstanceStart"})")) == Action::kInstanceStart);
    CHECK(field_of(parse_action(json_of(R"({"action_type": "InstanceStop"})"))) == "action_type");
    CHECK(*parse_state_change(json_of(R"({"state": "Paused"})")) == StateChange::kPause);
    CHECK_FALSE(parse_state_change(json_of(R"({"state": "Running"})")).ok());
}

TEST_CASE("Devices have their required fields and ranges") {
    CHECK(parse_vsock(json_of(R"({"guest_cid": 3, "uds_path": "v", "vsock_id": "1"})"), "").ok());
    CHECK(field_of(parse_vsock(json_of(R"({"guest_cid": 2, "uds_path": "v"})"), "")) ==
          "guest_cid");
    CHECK(field_of(parse_balloon(json_of(R"({"amount_mib": 1})"), "")) == "deflate_on_oom");
    CHECK(field_of(parse_network_interface(
              json_of(R"({"iface_id": "a", "host_dev_name": "t", "guest_mac": "1:2"})"), "")) ==
          "guest_mac");
}

}  // namespace
}  // namespace skiff::api
