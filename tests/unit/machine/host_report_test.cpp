// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/host_report.h"

#include <catch2/catch.hpp>
#include <string>

#include "vmm/machine/host_checks.h"

namespace skiff::machine {
namespace {

using Status = HostCheck::Status;

TEST_CASE("A host without the KVM device is told how to get one") {
    HostReport report;
    check_kvm(report, "/nonexistent/kvm");
    REQUIRE(report.checks.size() == 1);
    CHECK(report.checks[0].name == "kvm-device");
    CHECK(report.checks[0].status == Status::kFail);
    CHECK_FALSE(report.checks[0].remedy.empty());
    CHECK(report.backend == "none");
    CHECK_FALSE(report.can_run());
}

TEST_CASE("A plain file in the device's place is found out") {
    HostReport report;
    check_kvm(report, "/etc/passwd");
    REQUIRE(report.checks.size() == 1);
    CHECK(report.checks[0].status == Status::kFail);
    CHECK_THAT(report.checks[0].detail, Catch::Contains("not a device"));
}

TEST_CASE("A device that is not KVM is found out by its version") {
    HostReport report;
    check_kvm(report, "/dev/null");
    REQUIRE(report.checks.size() == 3);
    CHECK(report.checks[0].status == Status::kOk);
    CHECK(report.checks[1].status == Status::kOk);
    CHECK(report.checks[2].name == "kvm-api");
    CHECK(report.checks[2].status == Status::kFail);
    CHECK(report.backend == "none");
}

TEST_CASE("Only a failed check keeps guests from running") {
    HostReport report;
    CHECK(report.can_run());
    report.checks.push_back({"tun", Status::kWarn, "missing", "sudo modprobe tun"});
    CHECK(report.can_run());
    report.checks.push_back({"kvm-device", Status::kFail, "missing", "sudo modprobe kvm_amd"});
    CHECK_FALSE(report.can_run());
}

TEST_CASE("Features that are missing are warnings with a remedy, never failures") {
    HostReport report;
    check_features(report);
    CHECK(report.checks.size() >= 6);
    for (const HostCheck& check : report.checks) {
        INFO(check.name << ": " << check.detail);
        CHECK(check.status != Status::kFail);
        CHECK((check.status == Status::kOk || !check.remedy.empty()));
    }
}

}  // namespace
}  // namespace skiff::machine
