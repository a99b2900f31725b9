// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>

#include <array>
#include <memory>
#include <utility>

#include "base/event_loop.h"
#include "base/guest_memory.h"
#include "base/units.h"
#include "tests/support/counting_irq_line.h"
#include "tests/support/driver_queue.h"
#include "tests/support/echo_device.h"
#include "tests/support/mmio_driver.h"
#include "tests/support/small_guest.h"
#include "virtio/mmio/mmio_transport.h"

namespace skiff::test {

/// An echo device behind a transport, a driver in front of it, and a loop that runs when the test
/// says so.
struct TransportFixture {
    TransportFixture() {
        auto created = virtio::mmio::MmioTransport::create(
            [this](virtio::DeviceHost& host) {
                return std::make_unique<EchoDevice>(control, host);
            },
            {.memory = memory, .irq = line, .loops = loops, .name = "echo"});
        REQUIRE(created.ok());
        transport = std::move(*created);
    }

    MmioDriver driver() { return MmioDriver(*transport); }

    /// Everything up to DRIVER_OK, with queue 0 running.
    MmioDriver started(std::uint64_t features = virtio::VIRTIO_F_VERSION_1) {
        MmioDriver started_driver = driver();
        REQUIRE(started_driver.negotiate(features));
        REQUIRE(started_driver.set_up_queue(0, queue.layout()));
        started_driver.driver_ok();
        loop.run_until_idle();
        return started_driver;
    }

    GuestMemory memory = small_guest();
    DriverQueue queue{memory, GuestAddress(0x1000), kMiB - 0x1000, EchoDevice::kQueueSize};
    EventLoop loop = std::move(EventLoop::create()).value();
    std::array<EventLoop*, 1> loops = {&loop};
    CountingIrqLine line;
    EchoDevice::Control control;
    std::unique_ptr<virtio::mmio::MmioTransport> transport;
};

}  // namespace skiff::test
