// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/event_loop.h"
#include "base/units.h"
#include "tests/support/counting_irq_line.h"
#include "tests/support/driver_queue.h"
#include "tests/support/fake_net_backend.h"
#include "tests/support/mmio_driver.h"
#include "virtio/mmio/mmio_transport.h"
#include "virtio/net/net_device.h"

namespace skiff::test {

/// A network device behind a transport, a driver in front of it, and a backend whose other end the
/// test has.
class NetFixture {
  public:
    static constexpr std::uint16_t kQueueEntries = 16;
    static constexpr GuestRange kRam{GuestAddress(0), 128 * kMiB};
    static constexpr virtio::net::MacAddress kMac = {2, 0, 0, 1, 2, 3};

    using Backend = std::unique_ptr<virtio::net::NetBackend>;

    /// `wrap`: makes of the fake backend what the device gets.
    explicit NetFixture(
        virtio::net::NetOptions options = {}, FakeNetBackend::Control backend_kind = {},
        const std::function<Backend(Backend)>& wrap = [](Backend fake) { return fake; })
        : backend(std::move(backend_kind)) {
        auto created = virtio::mmio::MmioTransport::create(
            [&](virtio::DeviceHost& host) {
                auto made = std::make_unique<virtio::net::NetDevice>(
                    wrap(std::make_unique<FakeNetBackend>(backend)), options, kMac, host);
                device_ = made.get();
                return made;
            },
            {.memory = memory, .irq = line, .loops = loops_, .name = "net"});
        REQUIRE(created.ok());
        transport = std::move(*created);
        REQUIRE(device_->watch_link(loop).ok());
    }

    /// The driver's whole start, after a reset. `features` of those that are offered.
    void start(std::uint64_t features = UINT64_MAX) {
        driver.emplace(*transport);
        driver->write(0x070, 0);
        accepted = driver->offered_features() & features & ~virtio::VIRTIO_F_EVENT_IDX;
        REQUIRE(driver->negotiate(accepted | virtio::VIRTIO_F_VERSION_1));
        const bool many = (accepted & virtio::net::VIRTIO_NET_F_MQ) != 0;
        control = many ? 2 * backend.pairs : 2;
        queues.clear();
        for (unsigned i = 0; i <= control; ++i) {
            const GuestAddress base(0x1000 + i * (kRoom + 0x1000));
            queues.push_back(std::make_unique<DriverQueue>(memory, base, kRoom, entries));
            REQUIRE(driver->set_up_queue(i, queues.back()->layout()));
        }
        driver->driver_ok();
        loop.run_until_idle();
    }

    DriverQueue& rx(unsigned pair = 0) { return *queues.at(2 * std::size_t{pair}); }
    DriverQueue& tx(unsigned pair = 0) { return *queues.at(2 * std::size_t{pair} + 1); }
    virtio::net::NetDevice& device() { return *device_; }

    void notify(std::uint32_t queue) {
        driver->notify(queue);
        loop.run_until_idle();
    }

    /// Puts a frame with an empty header into the backend, for the device to receive.
    void put(const Bytes& frame, unsigned pair = 0) {
        backend.put(with_header(frame), pair);
        loop.run_until_idle();
    }

    Bytes with_header(const Bytes& frame) const {
        Bytes bytes(backend.has_header ? virtio::net::kHeaderBytes : 0);
        bytes.insert(bytes.end(), frame.begin(), frame.end());
        return bytes;
    }

    static Bytes content(std::size_t size) {
        Bytes bytes(size);
        for (std::size_t i = 0; i < size; ++i) {
            bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
        }
        return bytes;
    }

    /// The answer to a command; nothing where there was none.
    std::optional<std::uint8_t> command(std::uint8_t command_class, std::uint8_t command,
                                        const Bytes& data) {
        Bytes request = {command_class, command};
        request.insert(request.end(), data.begin(), data.end());
        DriverQueue& queue = *queues.at(control);
        const SubmittedChain chain = queue.chain().readable(request).writable(1).submit();
        notify(control);
        if (!queue.take_used().has_value()) {
            return std::nullopt;
        }
        return queue.written(chain).front();
    }

    virtio::net::NetConfig config() {
        const auto bytes = driver->read_config(0, sizeof(virtio::net::NetConfig));
        virtio::net::NetConfig config{};
        std::memcpy(&config, bytes.data(), sizeof config);
        return config;
    }

    static virtio::net::NetHeader header_of(const Bytes& bytes) {
        virtio::net::NetHeader header{};
        std::memcpy(&header, bytes.data(), sizeof header);
        return header;
    }

    bool broken() { return (driver->status() & virtio::DEVICE_NEEDS_RESET) != 0; }

    GuestMemory memory = std::move(GuestMemory::create(std::array{kRam}, {})).value();
    EventLoop loop = std::move(EventLoop::create()).value();
    CountingIrqLine line;
    FakeNetBackend::Control backend;
    std::unique_ptr<virtio::mmio::MmioTransport> transport;
    std::optional<MmioDriver> driver;
    std::vector<std::unique_ptr<DriverQueue>> queues;
    std::uint64_t accepted = 0;
    unsigned control = 0;                   // the control queue's index
    std::uint16_t entries = kQueueEntries;  // of the queues that start() makes

  private:
    static constexpr std::uint64_t kRoom = 4 * kMiB;

    std::array<EventLoop*, 1> loops_ = {&loop};
    virtio::net::NetDevice* device_ = nullptr;
};

}  // namespace skiff::test
