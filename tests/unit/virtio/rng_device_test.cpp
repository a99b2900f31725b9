// SPDX-License-Identifier: Apache-2.0
#include "virtio/rng/rng_device.h"

#include <catch2/catch.hpp>

#include "tests/support/transport_fixture.h"

using namespace skiff;
using namespace skiff::virtio;
using test::Bytes;
using test::DriverQueue;

namespace {

constexpr std::uint16_t kSize = 8;

/// A driver of an entropy device.
struct RngFixture {
    explicit RngFixture(std::uint64_t bytes_per_second = RngDevice::kDefaultBytesPerSecond) {
        auto created = mmio::MmioTransport::create(
            [=](DeviceHost&) {
                return std::make_unique<RngDevice>(RateLimits{
                    .bytes = TokenBucket::Rate::per_second(bytes_per_second), .operations = {}});
            },
            {.memory = memory, .irq = line, .loops = loops, .name = "rng"});
        REQUIRE(created.ok());
        transport = std::move(*created);
        start();
    }

    void start() {
        driver.emplace(*transport);
        queue.emplace(memory, GuestAddress(0x1000), kMiB - 0x1000, kSize);
        REQUIRE(driver->negotiate(VIRTIO_F_VERSION_1));
        REQUIRE(driver->set_up_queue(0, queue->layout()));
        driver->driver_ok();
        loop.run_until_idle();
    }

    void notify() {
        driver->notify(0);
        loop.run_until_idle();
    }

    GuestMemory memory = test::small_guest();
    EventLoop loop = std::move(EventLoop::create()).value();
    std::array<EventLoop*, 1> loops = {&loop};
    test::CountingIrqLine line;
    std::unique_ptr<mmio::MmioTransport> transport;
    std::optional<test::MmioDriver> driver;
    std::optional<DriverQueue> queue;
};

}  // namespace

TEST_CASE("The entropy device fills buffers, and says how much") {
    RngFixture fixture;
    const auto first = fixture.queue->chain().writable(64).submit();
    const auto second = fixture.queue->chain().writable(32).writable(32).submit();
    fixture.notify();
    CHECK(fixture.queue->take_used() == DriverQueue::Used{first.head, 64});
    CHECK(fixture.queue->take_used() == DriverQueue::Used{second.head, 64});
    CHECK(fixture.queue->written(first) != Bytes(64, 0xcc));
    CHECK(fixture.queue->written(first) != fixture.queue->written(second));
}

TEST_CASE("A huge request gets some entropy, not as much as it asked for") {
    RngFixture fixture;
    const auto chain = fixture.queue->chain().writable(64 * 1024).submit();
    fixture.notify();
    CHECK(fixture.queue->take_used() ==
          DriverQueue::Used{chain.head, RngDevice::kMaxBytesPerRequest});
    const Bytes content = fixture.queue->written(chain);
    CHECK(Bytes(content.begin() + RngDevice::kMaxBytesPerRequest, content.end()) ==
          Bytes(64 * 1024 - RngDevice::kMaxBytesPerRequest, 0xcc));
}

TEST_CASE("A request without room for entropy is malformed") {
    RngFixture fixture;
    fixture.queue->chain().readable({1, 2, 3}).submit();
    fixture.notify();
    CHECK_FALSE(fixture.queue->take_used().has_value());
    CHECK((fixture.driver->status() & DEVICE_NEEDS_RESET) != 0);
    fixture.start();
    const auto chain = fixture.queue->chain().writable(8).submit();
    fixture.notify();
    CHECK(fixture.queue->take_used() == DriverQueue::Used{chain.head, 8});
}

TEST_CASE("Past its limit the entropy device waits, and a reset does not refill it") {
    RngFixture fixture(1000);  // a burst of 100 bytes
    fixture.queue->chain().writable(100).submit();
    fixture.queue->chain().writable(100).submit();
    fixture.notify();
    CHECK(fixture.queue->used_idx() == 1);
    fixture.start();
    fixture.queue->chain().writable(100).submit();
    fixture.notify();
    CHECK(fixture.queue->used_idx() == 0);
}

TEST_CASE("A limited request is answered when its time has come") {
    RngFixture fixture(100'000);  // a burst of 10000 bytes; 1000 take 10 ms
    fixture.queue->chain().writable(10'000).submit();
    fixture.queue->chain().writable(1000).submit();
    fixture.notify();
    while (fixture.queue->used_idx() != 2) {  // ctest's time limit ends a loop that never does
        fixture.loop.run_until_idle();
    }
    CHECK(fixture.line.take() == 2);
}
