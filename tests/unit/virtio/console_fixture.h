// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/event_loop.h"
#include "base/units.h"
#include "tests/support/counting_irq_line.h"
#include "tests/support/driver_queue.h"
#include "tests/support/fake_port_backend.h"
#include "tests/support/mmio_driver.h"
#include "virtio/console/console_device.h"
#include "virtio/mmio/mmio_transport.h"

namespace skiff::test {

inline Bytes bytes_of(std::string_view text) {
    return Bytes(text.begin(), text.end());
}

inline std::string text_of(const Bytes& bytes) {
    return std::string(bytes.begin(), bytes.end());
}

/// A console device with a console and a port "first", a driver before it, and other ends that the
/// test has.
class ConsoleFixture {
  public:
    static constexpr std::uint16_t kQueueEntries = 16;
    static constexpr GuestRange kRam{GuestAddress(0), 64 * kMiB};

    struct Message {
        virtio::console::ControlMessage header{};
        Bytes rest;

        bool is(std::uint32_t id, std::uint16_t event, std::uint16_t value) const {
            return header.id == id && header.event == event && header.value == value;
        }
    };

    explicit ConsoleFixture(bool with_console = true, bool has_window = true) {
        console.has_window = has_window;
        auto created = virtio::mmio::MmioTransport::create(
            [&](virtio::DeviceHost& host) {
                using namespace virtio::console;
                PortOptions port_0;
                if (with_console) {
                    port_0 = {.name = {},
                              .is_console = true,
                              .backend = std::make_unique<FakePortBackend>(console)};
                }
                std::vector<PortOptions> named;
                named.push_back({.name = "first",
                                 .is_console = false,
                                 .backend = std::make_unique<FakePortBackend>(first)});
                auto made = std::make_unique<ConsoleDevice>(std::move(port_0), std::move(named),
                                                            loop, host);
                device_ = made.get();
                return made;
            },
            {.memory = memory, .irq = line, .loops = loops_, .name = "console"});
        REQUIRE(created.ok());
        transport = std::move(*created);
        driver.emplace(*transport);
    }

    /// The driver's start, after a reset, with these of the device's features.
    void start(std::uint64_t features = UINT64_MAX) {
        driver->write(0x070, 0);
        const std::uint64_t offered = driver->offered_features() & ~virtio::VIRTIO_F_EVENT_IDX;
        REQUIRE(driver->negotiate((offered & features) | virtio::VIRTIO_F_VERSION_1));
        queues.clear();
        const bool all = (offered & features & virtio::console::VIRTIO_CONSOLE_F_MULTIPORT) != 0;
        for (unsigned i = 0; i < (all ? 6U : 2U); ++i) {
            const GuestAddress base(0x1000 + i * (kRoom + 0x1000));
            queues.push_back(std::make_unique<DriverQueue>(memory, base, kRoom, kQueueEntries));
            REQUIRE(driver->set_up_queue(i, queues.back()->layout()));
        }
        driver->driver_ok();
        loop.run_until_idle();
    }

    /// As Linux does: until all ports are described and open in the guest.
    void start_and_open_all() {
        using namespace virtio::console;
        start();
        send(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
        for (const std::uint32_t id : {0U, 1U}) {
            send(id, VIRTIO_CONSOLE_PORT_READY, 1);
            send(id, VIRTIO_CONSOLE_PORT_OPEN, 1);
        }
        while (next_message().has_value()) {
        }
    }

    void notify(std::uint32_t queue) {
        driver->notify(queue);
        loop.run_until_idle();
    }

    /// Sends a control message; whether its chain came back.
    bool send(std::uint32_t id, std::uint16_t event, std::uint16_t value) {
        const virtio::console::ControlMessage message{.id = id, .event = event, .value = value};
        Bytes bytes(sizeof message);
        std::memcpy(bytes.data(), &message, sizeof message);
        return send(bytes);
    }
    bool send(const Bytes& message) {
        queues.at(3)->chain().readable(message).submit();
        notify(3);
        return queues.at(3)->take_used().has_value();
    }

    /// Gives the device room for one control message; nothing where it has none. A chain that
    /// stays is used by the next message.
    std::optional<Message> next_message() {
        if (!control_chain_.has_value()) {
            control_chain_ = queues.at(2)->chain().writable(100).submit();
            notify(2);
        }
        loop.run_until_idle();
        const auto used = queues.at(2)->take_used();
        if (!used.has_value()) {
            return std::nullopt;
        }
        const Bytes all = queues.at(2)->written(*std::exchange(control_chain_, std::nullopt));
        Message message;
        REQUIRE(used->len >= sizeof message.header);
        std::memcpy(&message.header, all.data(), sizeof message.header);
        message.rest.assign(all.begin() + sizeof message.header, all.begin() + used->len);
        return message;
    }
    /// The driver has begun anew.
    void forget_chains() { control_chain_.reset(); }

    /// Prints on a port; whether the chain came back.
    bool print(std::string_view text, std::uint32_t queue = 1) {
        queues.at(queue)->chain().readable(bytes_of(text)).submit();
        notify(queue);
        return queues.at(queue)->take_used().has_value();
    }

    /// What the device has for a buffer of this size; nothing where it did not use it.
    std::optional<std::string> read(std::uint32_t size, std::uint32_t queue = 0) {
        const SubmittedChain chain = queues.at(queue)->chain().writable(size).submit();
        notify(queue);
        const auto used = queues.at(queue)->take_used();
        if (!used.has_value()) {
            return std::nullopt;
        }
        return text_of(queues.at(queue)->written(chain)).substr(0, used->len);
    }

    virtio::console::Config config() {
        const auto bytes = driver->read_config(0, sizeof(virtio::console::Config));
        virtio::console::Config config{};
        std::memcpy(&config, bytes.data(), sizeof config);
        return config;
    }
    bool broken() { return (driver->status() & virtio::DEVICE_NEEDS_RESET) != 0; }
    virtio::console::ConsoleDevice& device() { return *device_; }

    GuestMemory memory = std::move(GuestMemory::create(std::array{kRam}, {})).value();
    EventLoop loop = std::move(EventLoop::create()).value();
    CountingIrqLine line;
    FakePortBackend::Control console;
    FakePortBackend::Control first;
    std::unique_ptr<virtio::mmio::MmioTransport> transport;
    std::optional<MmioDriver> driver;
    std::vector<std::unique_ptr<DriverQueue>> queues;

  private:
    static constexpr std::uint64_t kRoom = 4 * kMiB;

    std::array<EventLoop*, 1> loops_ = {&loop};
    virtio::console::ConsoleDevice* device_ = nullptr;
    std::optional<SubmittedChain> control_chain_;
};

}  // namespace skiff::test
