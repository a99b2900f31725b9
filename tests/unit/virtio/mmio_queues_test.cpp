// SPDX-License-Identifier: Apache-2.0
// Queues behind the transport: starting, serving, breaking, taking back, resetting.
#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "tests/support/transport_fixture.h"
#include "virtio/mmio/mmio_registers.h"

using namespace skiff;
using namespace skiff::virtio;
using namespace skiff::virtio::mmio;
using test::Bytes;
using test::DriverQueue;
using test::EchoDevice;
using test::TransportFixture;

namespace {

/// Sends bytes through the echo device and checks that they come back.
void check_that_it_works(TransportFixture& fixture, test::MmioDriver& driver) {
    const auto chain = fixture.queue.chain().readable({1, 2, 3}).writable(3).submit();
    driver.notify(0);
    fixture.loop.run_until_idle();
    CHECK(fixture.queue.take_used() == DriverQueue::Used{chain.head, 3});
    CHECK(fixture.queue.written(chain) == Bytes{1, 2, 3});
}

/// The driver begins anew: its queue too.
void begin_again(TransportFixture& fixture) {
    fixture.queue =
        DriverQueue(fixture.memory, GuestAddress(0x1000), kMiB - 0x1000, EchoDevice::kQueueSize);
}

}  // namespace

TEST_CASE("A running queue is served when it is notified, with one interrupt a batch") {
    const std::uint64_t event_idx = GENERATE(std::uint64_t{0}, VIRTIO_F_EVENT_IDX);
    TransportFixture fixture;
    auto driver = fixture.started(VIRTIO_F_VERSION_1 | event_idx);
    for (int i = 0; i < 4; ++i) {
        fixture.queue.chain().readable({9}).writable(1).submit();
    }
    driver.notify(0);
    fixture.loop.run_until_idle();
    CHECK(fixture.queue.used_idx() == 4);
    CHECK(fixture.line.take() == 1);
    CHECK(driver.take_interrupts() == kUsedBufferNotification);
    CHECK(fixture.transport->queues().counters(0).chains.value() == 4);
    CHECK(fixture.transport->queues().counters(0).interrupts.value() == 1);
}

TEST_CASE("What was available before DRIVER_OK is served without a notification") {
    TransportFixture fixture;
    auto driver = fixture.driver();
    REQUIRE(driver.negotiate(VIRTIO_F_VERSION_1));
    REQUIRE(driver.set_up_queue(0, fixture.queue.layout()));
    fixture.queue.chain().readable({9}).submit();
    driver.notify(0);
    fixture.loop.run_until_idle();
    CHECK(fixture.queue.used_idx() == 0);  // 3.1.1: nothing before DRIVER_OK
    driver.driver_ok();
    fixture.loop.run_until_idle();
    CHECK(fixture.queue.used_idx() == 1);
}

TEST_CASE("A queue that was made ready late, or again, runs") {
    TransportFixture fixture;
    auto driver = fixture.driver();
    REQUIRE(driver.negotiate(VIRTIO_F_VERSION_1));
    driver.driver_ok();
    REQUIRE(driver.set_up_queue(0, fixture.queue.layout()));
    fixture.loop.run_until_idle();
    check_that_it_works(fixture, driver);
    driver.write(kQueueReady, 0);
    CHECK(driver.read(kQueueReady) == 0);
    CHECK(fixture.control.stops == 1);
    begin_again(fixture);
    REQUIRE(driver.set_up_queue(0, fixture.queue.layout()));
    fixture.loop.run_until_idle();
    check_that_it_works(fixture, driver);
}

TEST_CASE("A queue is described before it is ready, not while it is") {
    TransportFixture fixture;
    auto driver = fixture.started();
    driver.write(kQueueSel, 0);
    driver.write(kQueueNum, 2);
    driver.write(kQueueDescLow, 0xdead0000);
    driver.write(kQueueDeviceHigh, 7);
    driver.write(kQueueReady, 1);
    check_that_it_works(fixture, driver);
    CHECK(fixture.control.starts == 1);
    // What was written has not been remembered for the next start either.
    begin_again(fixture);
    driver.write(kQueueReady, 0);
    driver.write(kQueueReady, 1);
    fixture.loop.run_until_idle();
    check_that_it_works(fixture, driver);
}

TEST_CASE("A queue that is idle asks to be notified, and one that is worked on does not") {
    const std::uint64_t event_idx = GENERATE(std::uint64_t{0}, VIRTIO_F_EVENT_IDX);
    TransportFixture fixture;
    fixture.control.hold = true;
    auto driver = fixture.started(VIRTIO_F_VERSION_1 | event_idx);
    const auto asks = [&] {
        return event_idx != 0 ? fixture.queue.avail_event() == fixture.queue.avail_idx()
                              : fixture.queue.used_flags() == 0;
    };
    fixture.queue.chain().readable({9}).writable(1).submit();
    driver.notify(0);
    fixture.loop.run_until_idle();
    CHECK_FALSE(asks());  // the device is busy: it looks by itself
    fixture.control.release();
    fixture.loop.run_until_idle();
    CHECK(asks());
}

TEST_CASE("A queue that cannot be is refused, and the device asks for a reset") {
    TransportFixture fixture;
    auto driver = fixture.driver();
    const auto refused = [&](QueueLayout layout) {
        REQUIRE(driver.negotiate(VIRTIO_F_VERSION_1));
        CHECK_FALSE(driver.set_up_queue(0, layout));
        CHECK((driver.status() & DEVICE_NEEDS_RESET) != 0);
    };
    QueueLayout layout = fixture.queue.layout();
    layout.size = 16;
    refused(layout);
    layout = fixture.queue.layout();
    layout.used_ring = GuestAddress(0xd000'0000);
    refused(layout);
    layout = fixture.queue.layout();
    layout.avail_ring = GuestAddress(0xffff'ffff'ffff'fffe);
    refused(layout);
    auto good = fixture.started();
    check_that_it_works(fixture, good);
}

TEST_CASE("QueueNum above 16 bits is not cut off") {
    TransportFixture fixture;
    auto driver = fixture.driver();
    REQUIRE(driver.negotiate(VIRTIO_F_VERSION_1));
    REQUIRE(driver.set_up_queue(0, fixture.queue.layout()));
    driver.write(kQueueReady, 0);
    driver.write(kQueueNum, 0x1'0008);
    driver.write(kQueueReady, 1);
    CHECK(driver.read(kQueueReady) == 0);
}

TEST_CASE("A broken ring latches the device once, and a reset mends it") {
    TransportFixture fixture;
    auto driver = fixture.started();
    fixture.queue.make_available(99);
    driver.notify(0);
    fixture.loop.run_until_idle();
    CHECK((driver.status() & DEVICE_NEEDS_RESET) != 0);
    CHECK(fixture.line.take() == 1);
    CHECK(driver.take_interrupts() == kConfigurationChangeNotification);
    for (int i = 0; i < 3; ++i) {
        driver.notify(0);
        fixture.loop.run_until_idle();
    }
    CHECK(fixture.line.take() == 0);
    CHECK(fixture.transport->queues().counters(0).errors.value() == 1);

    driver.write(kStatus, 0);
    CHECK(driver.status() == 0);
    begin_again(fixture);
    auto again = fixture.started();
    check_that_it_works(fixture, again);
}

TEST_CASE("A reset restores the constructed state") {
    TransportFixture fixture;
    auto driver = fixture.started(VIRTIO_F_VERSION_1 | EchoDevice::kFeatureA);
    check_that_it_works(fixture, driver);
    driver.write(kQueueSel, 1);
    driver.write(kDeviceFeaturesSel, 1);
    driver.write(kStatus, 0);
    CHECK(fixture.control.stops == 1);
    CHECK(fixture.control.resets == 2);  // the handshake began with one
    CHECK(driver.status() == 0);
    CHECK(driver.read(kInterruptStatus) == 0);
    const auto low_features = driver.read(kDeviceFeatures);  // selected is the low half again
    CHECK(low_features == static_cast<std::uint32_t>(driver.offered_features()));
    for (const std::uint32_t queue : {0U, 1U}) {
        driver.write(kQueueSel, queue);
        CHECK(driver.read(kQueueReady) == 0);
    }
    // The choice of features is forgotten too: nothing is acceptable without VERSION_1.
    driver.write(kStatus, ACKNOWLEDGE | DRIVER | FEATURES_OK);
    CHECK((driver.status() & FEATURES_OK) == 0);
}

TEST_CASE("A reset with requests in flight abandons them") {
    TransportFixture fixture;
    fixture.control.hold = true;
    auto driver = fixture.started();
    const auto chain = fixture.queue.chain().readable({1}).writable(1).submit();
    driver.notify(0);
    fixture.loop.run_until_idle();
    driver.write(kStatus, 0);
    CHECK(fixture.control.stops == 1);
    fixture.loop.run_until_idle();
    CHECK(fixture.queue.used_idx() == 0);
    CHECK(fixture.queue.written(chain) == Bytes{0xcc});
}

TEST_CASE("A device that was blocked goes on when it says so") {
    TransportFixture fixture;
    fixture.control.hold = true;
    auto driver = fixture.started();
    for (int i = 0; i < 3; ++i) {
        fixture.queue.chain().readable({1}).writable(1).submit();
        driver.notify(0);
        fixture.loop.run_until_idle();
    }
    CHECK(fixture.queue.used_idx() == 0);
    fixture.control.release();
    fixture.loop.run_until_idle();
    CHECK(fixture.queue.used_idx() == 3);
}

TEST_CASE("QueueReset takes a queue back, where it was negotiated") {
    TransportFixture fixture;
    auto driver = fixture.started();
    driver.write(kQueueSel, 0);
    driver.write(kQueueReset, 1);
    CHECK(driver.read(kQueueReady) == 1);  // not negotiated
    driver.write(kStatus, 0);

    begin_again(fixture);
    driver = fixture.started(VIRTIO_F_VERSION_1 | VIRTIO_F_RING_RESET);
    check_that_it_works(fixture, driver);
    driver.write(kQueueSel, 0);
    driver.write(kQueueReset, 1);
    CHECK(driver.read(kQueueReset) == 0);
    CHECK(driver.read(kQueueReady) == 0);
    driver.write(kQueueReady, 1);  // its description is gone
    CHECK(driver.read(kQueueReady) == 0);
}

TEST_CASE("Notifications of queues that do not run, or are not there, do nothing") {
    TransportFixture fixture;
    auto driver = fixture.started();
    for (const std::uint32_t queue : {1U, 2U, 0xffffU, ~0U}) {
        driver.notify(queue);
        fixture.loop.run_until_idle();
    }
    check_that_it_works(fixture, driver);
}

TEST_CASE("A reset from another thread waits until the loop has let the queue go") {
    TransportFixture fixture;
    auto driver = fixture.started();
    std::promise<void> running;
    fixture.loop.post([&running] { running.set_value(); });
    std::thread loop_thread([&fixture] { fixture.loop.run(); });
    running.get_future().wait();  // until then the loop is this thread's
    for (int round = 0; round < 200; ++round) {
        begin_again(fixture);
        REQUIRE(driver.negotiate(VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX));
        REQUIRE(driver.set_up_queue(0, fixture.queue.layout()));
        for (int i = 0; i < 4; ++i) {
            fixture.queue.chain().readable({1, 2}).writable(2).submit();
        }
        driver.driver_ok();
        driver.notify(0);
        driver.write(kStatus, 0);
        const auto used = fixture.queue.used_idx();
        std::this_thread::yield();
        REQUIRE(fixture.queue.used_idx() == used);
    }
    fixture.loop.stop();
    loop_thread.join();
    CHECK(fixture.control.starts == fixture.control.stops);
}
