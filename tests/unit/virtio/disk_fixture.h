// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/event_loop.h"
#include "base/guest_memory.h"
#include "base/units.h"
#include "disk_image.h"
#include "tests/support/counting_irq_line.h"
#include "tests/support/driver_queue.h"
#include "tests/support/mmio_driver.h"
#include "virtio/block/block_device.h"
#include "virtio/mmio/mmio_transport.h"

namespace skiff::test {

/// A disk behind a transport, a driver in front of it, and a loop that runs when the test says so.
class DiskFixture {
  public:
    static constexpr std::uint16_t kQueueEntries = 64;
    static constexpr GuestRange kRam{GuestAddress(0), 128 * kMiB};

    struct Answer {
        std::uint8_t status = 0xcc;
        std::uint32_t used_bytes = 0;
        Bytes data;  // of the writable part, without the status
    };

    explicit DiskFixture(const virtio::block::DiskOptions& options) : options_(options) {
        auto file = virtio::block::BlockDevice::open(options);
        if (!file.ok()) {
            FAIL(file.error().message());
        }
        auto created = virtio::mmio::MmioTransport::create(
            [&](virtio::DeviceHost& host) {
                auto made =
                    std::make_unique<virtio::block::BlockDevice>(std::move(*file), options, host);
                device_ = made.get();
                return made;
            },
            {.memory = memory, .irq = line, .loops = loops_, .name = "disk"});
        REQUIRE(created.ok());
        transport = std::move(*created);
        REQUIRE(device_->watch_size(loop).ok());
    }

    /// The driver's whole start, after a reset. `features` of those that are offered.
    void start(std::uint64_t features = UINT64_MAX) {
        driver.emplace(*transport);
        driver->write(0x070, 0);  // Status: a reset, which stops the queues
        REQUIRE(driver->negotiate((driver->offered_features() & features) |
                                  virtio::VIRTIO_F_VERSION_1));
        queues.clear();
        for (unsigned i = 0; i < options_.queues; ++i) {
            const GuestAddress base(0x1000 + i * (room_bytes + 0x1000));
            queues.push_back(
                std::make_unique<DriverQueue>(memory, base, room_bytes, kQueueEntries));
            REQUIRE(driver->set_up_queue(i, queues.back()->layout()));
        }
        driver->driver_ok();
        loop.run_until_idle();
    }

    DriverQueue& queue(std::size_t index = 0) { return *queues.at(index); }
    virtio::block::BlockDevice& device() { return *device_; }

    static Bytes header(std::uint32_t type, std::uint64_t sector) {
        const virtio::block::RequestHeader header{.type = type, .reserved = 0, .sector = sector};
        Bytes bytes(sizeof header);
        std::memcpy(bytes.data(), &header, sizeof header);
        return bytes;
    }

    static Bytes segments(const std::vector<virtio::block::RangeSegment>& ranges) {
        Bytes bytes(ranges.size() * sizeof ranges[0]);
        if (!ranges.empty()) {
            std::memcpy(bytes.data(), ranges.data(), bytes.size());
        }
        return bytes;
    }

    SubmittedChain submit(std::uint32_t type, std::uint64_t sector, const Bytes& out = {},
                          std::uint32_t in_bytes = 0, std::size_t queue_index = 0) {
        auto chain = queue(queue_index).chain();
        chain.readable(header(type, sector));
        if (!out.empty()) {
            chain.readable(out);
        }
        if (in_bytes != 0) {
            chain.writable(in_bytes);
        }
        return chain.writable(1).submit();
    }

    void notify(std::uint32_t queue_index = 0) {
        driver->notify(queue_index);
        loop.run_until_idle();
    }

    /// Runs the loop until the device has used a chain; a test fails that waits too long.
    DriverQueue::Used wait_used(std::size_t queue_index = 0) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (std::chrono::steady_clock::now() < end) {
            if (const auto used = queue(queue_index).take_used()) {
                return *used;
            }
            loop.run_until_idle();
            std::this_thread::yield();
        }
        FAIL("the device does not use the chain");
        return {};
    }

    Answer answer_to(const SubmittedChain& chain, std::size_t queue_index = 0) {
        const DriverQueue::Used used = wait_used(queue_index);
        CHECK(used.id == chain.head);
        Answer answer;
        answer.used_bytes = used.len;
        answer.data = queue(queue_index).written(chain);
        answer.status = answer.data.back();
        answer.data.pop_back();
        return answer;
    }

    Answer request(std::uint32_t type, std::uint64_t sector, const Bytes& out = {},
                   std::uint32_t in_bytes = 0, std::size_t queue_index = 0) {
        const SubmittedChain chain = submit(type, sector, out, in_bytes, queue_index);
        notify(static_cast<std::uint32_t>(queue_index));
        return answer_to(chain, queue_index);
    }

    std::uint64_t capacity() {
        std::uint64_t sectors = 0;
        const auto bytes = driver->read_config(0, sizeof sectors);
        std::memcpy(&sectors, bytes.data(), sizeof sectors);
        return sectors;
    }

    GuestMemory memory = std::move(GuestMemory::create(std::array{kRam}, {})).value();
    EventLoop loop = std::move(EventLoop::create()).value();
    CountingIrqLine line;
    std::unique_ptr<virtio::mmio::MmioTransport> transport;
    std::optional<MmioDriver> driver;
    std::vector<std::unique_ptr<DriverQueue>> queues;
    std::uint64_t room_bytes = 4 * kMiB - 0x1000;

  private:
    virtio::block::DiskOptions options_;
    std::array<EventLoop*, 1> loops_ = {&loop};
    virtio::block::BlockDevice* device_ = nullptr;
};

}  // namespace skiff::test
