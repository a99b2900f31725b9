// SPDX-License-Identifier: Apache-2.0
#include "devices/bus/bus.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace skiff;
using namespace skiff::devices;

namespace {

/// Remembers the last access; answers reads with 0x10, 0x11, …
class RecordingDevice final : public BusDevice {
  public:
    struct Seen {
        std::uint64_t offset;
        std::vector<std::uint8_t> data;  // empty for a read
        std::size_t size;
    };

    Access read(std::uint64_t offset, std::span<std::uint8_t> data) override {
        last = Seen{offset, {}, data.size()};
        std::uint8_t next = 0x10;
        for (std::uint8_t& byte : data) {
            byte = next++;
        }
        return answer;
    }
    Access write(std::uint64_t offset, std::span<const std::uint8_t> data) override {
        last = Seen{offset, {data.begin(), data.end()}, data.size()};
        return answer;
    }

    std::optional<Seen> last;
    Access answer = Access::kDone;
};

GuestRange range(std::uint64_t start, std::uint64_t size) {
    return {GuestAddress(start), size};
}

std::vector<std::uint8_t> read(Bus& bus, std::uint64_t address, std::size_t size) {
    std::vector<std::uint8_t> data(size, 0x55);
    bus.read(address, data);
    return data;
}

std::vector<std::uint8_t> all_ones(std::size_t size) {
    return std::vector<std::uint8_t>(size, 0xff);
}

}  // namespace

TEST_CASE("Bus gives an access of each width to the device, with the offset in its range") {
    Bus bus;
    RecordingDevice first;
    RecordingDevice second;
    REQUIRE(bus.insert(range(0x100, 8), "first", first).ok());
    REQUIRE(bus.insert(range(0x108, 8), "second", second).ok());
    for (const std::size_t size :
         {std::size_t{1}, std::size_t{2}, std::size_t{4}, std::size_t{8}}) {
        CAPTURE(size);
        const auto data = read(bus, 0x110 - size, size);
        CHECK(data.front() == 0x10);
        CHECK(data.back() == 0x10 + size - 1);
        REQUIRE(second.last.has_value());
        CHECK(second.last->offset == 8 - size);
        CHECK(second.last->size == size);

        const std::vector<std::uint8_t> written(size, 0xab);
        bus.write(0x100, written);
        REQUIRE(first.last.has_value());
        CHECK(first.last->offset == 0);
        CHECK(first.last->data == written);
    }
    CHECK(bus.unclaimed_total() == 0);
    CHECK(bus.unclaimed().empty());
}

TEST_CASE("Bus finds devices however they were inserted, and lists them by address") {
    Bus bus;
    std::array<RecordingDevice, 4> devices;
    const std::array<std::uint64_t, 4> starts = {0x300, 0x100, 0x400, 0x200};
    for (std::size_t i = 0; i < starts.size(); ++i) {
        REQUIRE(bus.insert(range(starts[i], 4), "d", devices[i]).ok());
    }
    for (std::size_t i = 0; i < starts.size(); ++i) {
        (void)read(bus, starts[i] + 3, 1);
        REQUIRE(devices[i].last.has_value());
        CHECK(devices[i].last->offset == 3);
        CHECK(read(bus, starts[i] + 4, 1) == all_ones(1));
        CHECK(read(bus, starts[i] - 1, 1) == all_ones(1));
    }
    CHECK(
        std::is_sorted(bus.entries().begin(), bus.entries().end(),
                       [](const auto& a, const auto& b) { return a.range.start < b.range.start; }));
}

TEST_CASE("Bus refuses a range that overlaps another, naming both") {
    for (const GuestRange& bad : {range(0x0f8, 9), range(0x100, 8), range(0x102, 1),
                                  range(0x107, 100), range(0x080, 0x1000)}) {
        CAPTURE(bad.start.value(), bad.size_bytes);
        Bus bus;
        RecordingDevice device;
        REQUIRE(bus.insert(range(0x100, 8), "serial", device).ok());
        const auto result = bus.insert(bad, "newcomer", device);
        REQUIRE_FALSE(result.ok());
        CHECK_THAT(result.error().message(), Catch::Contains("newcomer"));
        CHECK_THAT(result.error().message(), Catch::Contains("serial at 0x100"));
        CHECK(bus.entries().size() == 1);
    }
}

TEST_CASE("Bus takes neighbours that touch and ranges up to the last address") {
    Bus bus;
    RecordingDevice device;
    CHECK(bus.insert(range(0x100, 8), "a", device).ok());
    CHECK(bus.insert(range(0x0f8, 8), "b", device).ok());
    CHECK(bus.insert(range(0x108, 8), "c", device).ok());
    CHECK(bus.insert(range(~0ULL - 7, 7), "top", device).ok());
    CHECK(read(bus, ~0ULL - 1, 1).front() == 0x10);
    CHECK(read(bus, ~0ULL, 1) == all_ones(1));
    CHECK(read(bus, ~0ULL - 1, 8) == all_ones(8));  // would wrap
}

TEST_CASE("Bus answers an access that straddles a device's end with all-ones, and counts it") {
    Bus bus;
    RecordingDevice first;
    RecordingDevice second;
    REQUIRE(bus.insert(range(0x100, 8), "first", first).ok());
    REQUIRE(bus.insert(range(0x108, 8), "second", second).ok());
    CHECK(read(bus, 0x107, 2) == all_ones(2));
    CHECK(read(bus, 0x0ff, 4) == all_ones(4));
    CHECK(read(bus, 0x10c, 8) == all_ones(8));
    bus.write(0x106, std::vector<std::uint8_t>(4, 0));
    CHECK_FALSE(first.last.has_value());
    CHECK_FALSE(second.last.has_value());
    CHECK(bus.unclaimed_total() == 4);
}

TEST_CASE("Bus answers widths that no access has like unclaimed ones") {
    Bus bus;
    RecordingDevice device;
    REQUIRE(bus.insert(range(0, 64), "device", device).ok());
    for (const std::size_t size : {0U, 3U, 5U, 6U, 7U, 9U, 16U}) {
        CAPTURE(size);
        CHECK(read(bus, 0, size) == all_ones(size));
        bus.write(0, std::vector<std::uint8_t>(size, 0));
    }
    CHECK_FALSE(device.last.has_value());
    CHECK(bus.unclaimed_total() == 14);
}

TEST_CASE("Bus answers what the device refuses with all-ones, whatever it left in the data") {
    for (const Access answer : {Access::kUnknownRegister, Access::kBadWidth}) {
        Bus bus;
        RecordingDevice device;
        device.answer = answer;
        REQUIRE(bus.insert(range(0x40, 4), "device", device).ok());
        CHECK(read(bus, 0x42, 2) == all_ones(2));
        bus.write(0x42, std::vector<std::uint8_t>(2, 0));
        const auto unclaimed = bus.unclaimed();
        REQUIRE(unclaimed.size() == 1);
        CHECK(unclaimed.front().address == 0x42);
        CHECK(unclaimed.front().count == 2);
    }
}

TEST_CASE("Bus lists unclaimed addresses in a bounded list and goes on counting all") {
    Bus bus;
    for (std::uint64_t address = 0; address < 1000; ++address) {
        CHECK(read(bus, address * 7, 1) == all_ones(1));
    }
    CHECK(read(bus, ~0ULL, 1) == all_ones(1));
    CHECK(bus.unclaimed_total() == 1001);
    const auto unclaimed = bus.unclaimed();
    REQUIRE(unclaimed.size() == 32);
    for (std::size_t i = 0; i < unclaimed.size(); ++i) {
        CHECK(unclaimed[i].address == i * 7);
        CHECK(unclaimed[i].count == 1);
    }
    for (int i = 0; i < 5; ++i) {
        (void)read(bus, 7, 1);
    }
    CHECK(bus.unclaimed()[1].count == 6);
    CHECK(bus.unclaimed_total() == 1006);
}

TEST_CASE("Bus counts unclaimed accesses of several vCPUs completely") {
    Bus bus;
    constexpr int kThreads = 4;
    constexpr std::uint64_t kEach = 2000;
    std::vector<std::thread> vcpus;
    for (int i = 0; i < kThreads; ++i) {
        vcpus.emplace_back([&bus] {
            for (std::uint64_t n = 0; n < kEach; ++n) {
                std::array<std::uint8_t, 1> data{};
                bus.read(n % 8, data);
            }
        });
    }
    for (std::thread& vcpu : vcpus) {
        vcpu.join();
    }
    CHECK(bus.unclaimed_total() == kThreads * kEach);
    const auto unclaimed = bus.unclaimed();
    REQUIRE(unclaimed.size() == 8);
    std::uint64_t sum = 0;
    for (const auto& entry : unclaimed) {
        sum += entry.count;
    }
    CHECK(sum == kThreads * kEach);
}
