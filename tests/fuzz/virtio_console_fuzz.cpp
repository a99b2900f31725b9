// SPDX-License-Identifier: Apache-2.0
// Plays a driver of a console with two ports, decoded from the input: output of any framing,
// receive buffers of any size, control messages of any content, other ends that are slow, speak,
// come and go, windows that change, resets with any features. Six bytes an action: what, two small
// numbers, a byte and a value (2).
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/event_loop.h"
#include "base/guest_memory.h"
#include "base/log.h"
#include "base/units.h"
#include "fuzz_target.h"
#include "tests/support/counting_irq_line.h"
#include "tests/support/driver_queue.h"
#include "tests/support/fake_port_backend.h"
#include "tests/support/mmio_driver.h"
#include "virtio/console/console_device.h"
#include "virtio/mmio/mmio_transport.h"

namespace {

using namespace skiff;
using namespace skiff::virtio;
using namespace skiff::virtio::console;
using test::Bytes;

constexpr std::size_t kActionBytes = 6;
constexpr std::size_t kMaxActions = 128;
constexpr GuestRange kRam{GuestAddress(0), 64 * kMiB};
constexpr std::uint16_t kQueueEntries = 16;
constexpr unsigned kMostDescriptors = 4;
constexpr unsigned kQueues = 6;
constexpr std::uint32_t kRegStatus = 0x070;
constexpr std::uint32_t kRegConfig = 0x100;
constexpr std::uint64_t kRoom = 9 * kMiB;

struct Action {
    std::uint8_t what;
    std::uint8_t first;
    std::uint8_t second;
    std::uint8_t fill;
    std::uint16_t value;
};

class Player {
  public:
    Player() {
        ends_[0].has_window = true;
        auto created = mmio::MmioTransport::create(
            [&](DeviceHost& host) {
                PortOptions console{.name = {},
                                    .is_console = true,
                                    .backend = std::make_unique<test::FakePortBackend>(ends_[0])};
                std::vector<PortOptions> named;
                named.push_back({.name = "port",
                                 .is_console = false,
                                 .backend = std::make_unique<test::FakePortBackend>(ends_[1])});
                auto made = std::make_unique<ConsoleDevice>(std::move(console), std::move(named),
                                                            loop_, host);
                device_ = made.get();
                return made;
            },
            {.memory = memory_, .irq = line_, .loops = loops_, .name = "fuzzed"});
        SKIFF_CHECK(created.ok());
        transport_ = std::move(*created);
        start(UINT64_MAX);
    }

    void play(const Action& action) {
        auto& end = ends_.at(action.first % 2);
        switch (action.what % 12) {
            case 0:
                add(action, {1, 5}, false);
                return;
            case 1:
                add(action, {0, 4}, true);
                return;
            case 2:
                add(action, {2, 2}, true);
                return;
            case 3:
                add_control(action);
                return;
            case 4:
                end.input(std::string(action.value, static_cast<char>(action.fill)));
                return;
            case 5:
                driver().notify(action.first % kQueues);
                return;
            case 6:
                loop_.run_until_idle();
                return;
            case 7:
                driver().try_write(kRegConfig + action.first % 16,
                                   std::size_t{1} << (action.second % 4), action.value);
                return;
            case 8:
                start(action.value * 0x0001'0001'0001'0001ULL);
                return;
            case 9:
                end.make_room(action.value);
                end.output.clear();
                return;
            case 10:
                end.connect((action.second & 1) != 0);
                return;
            default:
                end.resize(action.value, action.fill);
                return;
        }
    }

    /// Whatever was done to it, the device works for a driver that resets it and keeps the rules.
    void check_that_it_works() {
        for (auto& end : ends_) {
            end.output_room = SIZE_MAX;
        }
        start(0);
        loop_.run_until_idle();
        ends_[0].output.clear();
        queues_[1]->chain().readable({'w', 'o'}).readable({'r', 'k', 's'}).submit();
        driver().notify(1);
        loop_.run_until_idle();
        SKIFF_CHECK(queues_[1]->take_used().has_value());
        SKIFF_CHECK(ends_[0].output == "works");
        ends_[0].input("x");
        const auto chain = queues_[0]->chain().writable(ConsolePort::kInputBytes).submit();
        driver().notify(0);
        loop_.run_until_idle();
        const auto used = queues_[0]->take_used();
        SKIFF_CHECK(used.has_value() && used->len != 0);
        ends_[0].input("y");
        queues_[0]->chain().writable(1).submit();
        driver().notify(0);
        loop_.run_until_idle();
        SKIFF_CHECK(queues_[0]->take_used().has_value());
    }

  private:
    test::MmioDriver driver() { return test::MmioDriver(*transport_); }

    void start(std::uint64_t features) {
        driver().write(kRegStatus, 0);
        const std::uint64_t offered = driver().offered_features();
        SKIFF_CHECK(driver().negotiate((offered & features) | VIRTIO_F_VERSION_1));
        queues_.clear();
        for (unsigned i = 0; i < kQueues; ++i) {
            queues_.push_back(std::make_unique<test::DriverQueue>(
                memory_, GuestAddress(0x1000 + i * (kRoom + 0x1000)), kRoom, kQueueEntries));
            SKIFF_CHECK(driver().set_up_queue(i, queues_.back()->layout()));
        }
        in_use_.fill(0);
        driver().driver_ok();
    }

    /// A driver has so many descriptors and no more.
    test::DriverQueue* queue_with_room(std::size_t index) {
        while (queues_.at(index)->take_used().has_value()) {
            in_use_.at(index) -= kMostDescriptors;
        }
        if (in_use_.at(index) + kMostDescriptors > kQueueEntries) {
            return nullptr;
        }
        in_use_.at(index) += kMostDescriptors;
        return queues_.at(index).get();
    }

    void add(const Action& action, std::array<std::size_t, 2> of, bool writable) {
        test::DriverQueue* const queue = queue_with_room(of.at(action.first % 2));
        if (queue == nullptr) {
            return;
        }
        auto chain = queue->chain();
        const unsigned parts = 1 + action.second % 3;
        for (unsigned i = 0; i < parts; ++i) {
            const std::uint32_t size = action.value / (parts + i);
            if (writable) {
                chain.writable(size);
            } else {
                chain.readable(Bytes(size, action.fill));
            }
        }
        if ((action.second & 0x80) != 0) {
            chain.writable(9);  // behind readable ones it has no place
        }
        if ((action.second & 0x40) != 0) {
            chain.indirect();
        }
        chain.submit();
    }

    void add_control(const Action& action) {
        test::DriverQueue* const queue = queue_with_room(3);
        if (queue == nullptr) {
            return;
        }
        Bytes message = {action.first, 0, 0, 0, action.second, 0, action.fill, 0};
        message.resize(action.value == 0 ? 8 : action.value % 16 + 1);
        queue->chain().readable(message).submit();
    }

    GuestMemory memory_ = std::move(GuestMemory::create(std::array{kRam}, {})).value();
    EventLoop loop_ = std::move(EventLoop::create()).value();
    std::array<EventLoop*, 1> loops_ = {&loop_};
    test::CountingIrqLine line_;
    std::array<test::FakePortBackend::Control, 2> ends_;
    std::unique_ptr<mmio::MmioTransport> transport_;
    ConsoleDevice* device_ = nullptr;
    std::vector<std::unique_ptr<test::DriverQueue>> queues_;
    std::array<unsigned, kQueues> in_use_{};
};

std::uint16_t u16(std::span<const std::uint8_t> bytes) {
    return static_cast<std::uint16_t>(bytes[0] | (bytes[1] << 8));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const bool quiet = log::configure({.level = log::Level::kOff, .file_path = {}}).ok();
    SKIFF_CHECK(quiet);
    std::span<const std::uint8_t> rest(data, size);
    Player player;
    for (std::size_t i = 0; i < kMaxActions && rest.size() >= kActionBytes; ++i) {
        player.play({.what = rest[0],
                     .first = rest[1],
                     .second = rest[2],
                     .fill = rest[3],
                     .value = u16(rest.subspan(4))});
        rest = rest.subspan(kActionBytes);
    }
    player.check_that_it_works();
    return 0;
}
