// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/trace/exit_trace.h"

#include <array>
#include <catch2/catch.hpp>

#include "vmm/machine/trace/chrome_trace.h"
#include "vmm/machine/trace/trace_table.h"

using skiff::machine::ExitTrace;
using Kind = ExitTrace::Kind;

namespace {

void record(ExitTrace& trace, Kind kind, std::uint64_t address, std::size_t bytes = 1) {
    std::array<std::uint8_t, 8> data{};
    skiff::kvm::VcpuExit exit;
    exit.kind = kind;
    exit.address = address;
    exit.data = std::span(data).first(bytes);
    trace.begin();
    trace.end(exit);
}

class Nothing : public skiff::devices::BusDevice {
  public:
    using Access = skiff::devices::Access;
    Access read(std::uint64_t, std::span<std::uint8_t>) override { return Access::kDone; }
    Access write(std::uint64_t, std::span<const std::uint8_t>) override { return Access::kDone; }
};

}  // namespace

TEST_CASE("Exits are counted by kind and address") {
    ExitTrace trace(0);
    for (int i = 0; i < 3; ++i) {
        record(trace, Kind::kPortWrite, 0x3f8, 2);
    }
    record(trace, Kind::kPortRead, 0x3f8);
    record(trace, Kind::kInterrupted, 12345);  // which has no address
    record(trace, Kind::kInterrupted, 54321);
    const auto rows = trace.rows();
    REQUIRE(rows.size() == 3);
    for (const auto& row : rows) {
        const std::uint64_t count = row.kind == Kind::kPortWrite  ? 3
                                    : row.kind == Kind::kPortRead ? 1
                                                                  : 2;
        CHECK(row.totals.count == count);
        CHECK(row.totals.longest <= row.totals.time);
        CHECK((row.kind != Kind::kPortWrite || row.totals.bytes == 6));
    }
    CHECK(trace.count() == 6);
    CHECK(trace.events().empty());
}

TEST_CASE("A guest that touches every port makes no table grow, and no exit is lost") {
    ExitTrace trace(100);
    for (unsigned round = 0; round < 2; ++round) {
        for (std::uint64_t port = 0; port < 65536; ++port) {
            record(trace, Kind::kPortWrite, port);
        }
    }
    const auto rows = trace.rows();
    CHECK(rows.size() == ExitTrace::kMaxRows + 1);
    std::uint64_t sum = 0;
    for (const auto& row : rows) {
        sum += row.totals.count;
    }
    CHECK(sum == 2 * 65536);
    CHECK(rows.back().is_rest);
    CHECK(trace.events().size() == 100);
    CHECK(trace.events().capacity() == 100);
    CHECK(trace.dropped_events() == 2 * 65536 - 100);
}

TEST_CASE("The table sums the vCPUs and names the devices") {
    Nothing device;
    skiff::devices::Bus ports;
    skiff::devices::Bus mmio;
    REQUIRE(ports.insert({skiff::GuestAddress(0x3f8), 8}, "serial", device).ok());
    std::vector<ExitTrace> vcpus;
    vcpus.emplace_back(10);
    vcpus.emplace_back(10);
    record(vcpus[0], Kind::kPortWrite, 0x3fd);
    record(vcpus[1], Kind::kPortWrite, 0x3fd);
    record(vcpus[1], Kind::kMmioRead, 0xd0000000, 4);
    const std::string table = skiff::machine::exit_table(vcpus, ports, mmio);
    CHECK_THAT(table, Catch::Contains("port write 0x3fd serial +0x5"));
    CHECK_THAT(table, Catch::Contains("MMIO read 0xd0000000 (nobody)"));
    CHECK_THAT(table, Catch::Contains("vCPU 1: 2 exits"));

    const std::string json =
        skiff::machine::chrome_trace(vcpus, nullptr, ports, mmio, ExitTrace::Clock::now());
    CHECK_THAT(json, Catch::Contains("\"name\":\"port write 0x3fd\""));
    CHECK_THAT(json, Catch::Contains("\"device\":\"serial +0x5\""));
    CHECK_THAT(json, Catch::Contains("\"dropped_exits\":\"0\""));
}
