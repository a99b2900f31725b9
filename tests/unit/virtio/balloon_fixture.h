// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "tests/support/counting_irq_line.h"
#include "tests/support/driver_queue.h"
#include "tests/support/mmio_driver.h"
#include "tests/support/small_guest.h"
#include "virtio/balloon/balloon_device.h"
#include "virtio/mmio/mmio_registers.h"
#include "virtio/mmio/mmio_transport.h"

namespace skiff::virtio::balloon {

using test::Bytes;
using test::DriverQueue;

inline constexpr std::uint64_t kAll = VIRTIO_F_VERSION_1 | VIRTIO_BALLOON_F_STATS_VQ |
                                      VIRTIO_BALLOON_F_FREE_PAGE_HINT |
                                      VIRTIO_BALLOON_F_PAGE_REPORTING;
inline constexpr std::uint16_t kQueueSize = 32;
inline constexpr std::uint64_t kFirstPage = 128;  // in the upper half of the low RAM

/// Page numbers as they lie in a buffer.
inline Bytes list_of(const std::vector<std::uint32_t>& numbers) {
    Bytes bytes(numbers.size() * 4);
    std::memcpy(bytes.data(), numbers.data(), bytes.size());
    return bytes;
}

struct BalloonFixture {
    explicit BalloonFixture(BalloonOptions options = {.free_page_reporting = true}) {
        auto created = mmio::MmioTransport::create(
            [&](DeviceHost& host) {
                auto made = std::make_unique<BalloonDevice>(options, memory, host);
                device = made.get();
                return made;
            },
            {.memory = memory, .irq = line, .loops = loops, .name = "balloon"});
        REQUIRE(created.ok());
        transport = std::move(*created);
    }

    void start(std::uint32_t queue_index, std::uint64_t features = kAll) {
        driver.emplace(*transport);
        queue.emplace(memory, GuestAddress(0x1000), 0x40000, kQueueSize);
        index = queue_index;
        REQUIRE(driver->negotiate(features));
        REQUIRE(driver->set_up_queue(queue_index, queue->layout()));
        driver->driver_ok();
        loop.run_until_idle();
    }

    void notify() {
        driver->notify(index);
        loop.run_until_idle();
    }

    /// Whether the chain came back.
    bool send(test::ChainBuilder& chain) {
        const auto submitted = chain.submit();
        notify();
        return queue->take_used() == DriverQueue::Used{submitted.head, 0};
    }

    /// Fills a page so that it costs memory.
    void dirty(std::uint64_t page, std::uint64_t count = 1) {
        for (std::uint64_t i = 0; i < count; ++i) {
            REQUIRE(memory.write(GuestAddress((page + i) * kPageBytes), Bytes(kPageBytes, 0x5a)));
        }
    }
    bool is_zero(std::uint64_t page) const {
        Bytes content(kPageBytes);
        REQUIRE(memory.read(GuestAddress(page * kPageBytes), content));
        return content == Bytes(kPageBytes, 0);
    }

    GuestMemory memory = test::small_guest();
    EventLoop loop = std::move(EventLoop::create()).value();
    std::array<EventLoop*, 1> loops = {&loop};
    test::CountingIrqLine line;
    std::unique_ptr<mmio::MmioTransport> transport;
    BalloonDevice* device = nullptr;
    std::optional<test::MmioDriver> driver;
    std::optional<DriverQueue> queue;
    std::uint32_t index = 0;
};

inline std::uint32_t config_field(BalloonFixture& fixture, std::uint32_t offset) {
    const Bytes bytes = fixture.driver->read_config(offset, 4);
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

}  // namespace skiff::virtio::balloon
