// SPDX-License-Identifier: Apache-2.0
// Plays a driver of a network device, decoded from the input: frames of any framing, receive
// buffers of any size, commands of any content, frames that arrive meanwhile, resets with any
// features, a link that comes and goes, and a backend that goes. The first byte says what the
// backend is like, then six bytes an action: what, two small numbers, a byte and a value (2).
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
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
#include "tests/support/fake_net_backend.h"
#include "tests/support/mmio_driver.h"
#include "virtio/mmio/mmio_transport.h"
#include "virtio/net/net_device.h"

namespace {

using namespace skiff;
using namespace skiff::virtio;
using namespace skiff::virtio::net;
using test::Bytes;

constexpr std::size_t kActionBytes = 6;
constexpr std::size_t kMaxActions = 128;
constexpr GuestRange kRam{GuestAddress(0), 64 * kMiB};
constexpr std::uint16_t kQueueEntries = 16;
constexpr unsigned kMostDescriptors = 4;
constexpr std::uint32_t kRegStatus = 0x070;
constexpr std::uint32_t kRegConfig = 0x100;
constexpr std::uint64_t kRoom = 8 * kMiB;
constexpr MacAddress kMac = {2, 0, 0, 0, 0, 1};

struct Action {
    std::uint8_t what;
    std::uint8_t first;
    std::uint8_t second;
    std::uint8_t fill;
    std::uint16_t value;
};

class Player {
  public:
    explicit Player(std::uint8_t kind) {
        control_.has_header = (kind & 1) == 0;
        control_.offloads = control_.has_header ? kGuestOffloads | kHostOffloads : 0;
        control_.pairs = (kind & 2) != 0 ? 2 : 1;
        NetOptions options;
        if ((kind & 4) != 0) {
            options.mtu = 1500;
        }
        auto created = mmio::MmioTransport::create(
            [&](DeviceHost& host) {
                auto device = std::make_unique<NetDevice>(
                    std::make_unique<test::FakeNetBackend>(control_), options, kMac, host);
                device_ = device.get();
                return device;
            },
            {.memory = memory_, .irq = line_, .loops = loops_, .name = "fuzzed"});
        SKIFF_CHECK(created.ok() && device_->watch_link(loop_).ok());
        transport_ = std::move(*created);
        start(UINT64_MAX);
    }

    void play(const Action& action) {
        switch (action.what % 10) {
            case 0:
                add_frame(action);
                return;
            case 1:
            case 2:
                add_buffer(action);
                return;
            case 3:
                add_command(action);
                return;
            case 4:
                arrive(action);
                return;
            case 5:
                driver().notify(action.first % static_cast<unsigned>(queues_.size()));
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
            default:
                if ((action.first & 4) != 0) {
                    control_.link_changed((action.first & 8) != 0);
                }
                control_.gone = (action.first & 1) != 0;
                control_.send_error = (action.first & 2) != 0 ? action.second % 120 : 0;
                return;
        }
    }

    /// Whatever was done to it, the device works for a driver that resets it and keeps the rules.
    void check_that_it_works() {
        control_.gone = false;
        control_.send_error = 0;
        start(UINT64_MAX);
        const Bytes frame = with_header(Bytes(100, 7));
        while (!control_.take().empty()) {
        }
        queues_[1]->chain().readable(with_header(Bytes(100, 7))).submit();
        driver().notify(1);
        const auto chain = queues_[0]->chain().writable(40).writable(400).submit();
        driver().notify(0);
        loop_.run_until_idle();
        SKIFF_CHECK(queues_[1]->take_used().has_value());
        SKIFF_CHECK(control_.take() == on_the_wire(frame));
        control_.put(on_the_wire(frame));
        loop_.run_until_idle();
        SKIFF_CHECK(queues_[0]->take_used() ==
                    (test::DriverQueue::Used{chain.head, 100 + kHeaderBytes}));
        const Bytes written = queues_[0]->written(chain);
        SKIFF_CHECK(written[10] == 1 && written[11] == 0 && written[12] == 7 && written[111] == 7);
    }

  private:
    test::MmioDriver driver() { return test::MmioDriver(*transport_); }

    static Bytes with_header(const Bytes& frame) {
        Bytes bytes(kHeaderBytes);
        bytes.insert(bytes.end(), frame.begin(), frame.end());
        return bytes;
    }
    Bytes on_the_wire(const Bytes& frame) const {
        return control_.has_header ? frame : Bytes(frame.begin() + kHeaderBytes, frame.end());
    }

    void start(std::uint64_t features) {
        driver().write(kRegStatus, 0);
        const std::uint64_t offered = driver().offered_features();
        std::uint64_t chosen = (offered & features) | VIRTIO_F_VERSION_1;
        if (!driver().negotiate(chosen)) {
            chosen = offered & ~VIRTIO_F_EVENT_IDX;  // some feature missed one that it needs
            SKIFF_CHECK(driver().negotiate(chosen));
        }
        const unsigned pairs = (chosen & VIRTIO_NET_F_MQ) != 0 ? control_.pairs : 1;
        queues_.clear();
        for (unsigned i = 0; i < 2 * pairs + 1; ++i) {
            queues_.push_back(std::make_unique<test::DriverQueue>(
                memory_, GuestAddress(0x1000 + i * (kRoom + 0x1000)), kRoom, kQueueEntries));
            SKIFF_CHECK(driver().set_up_queue(i, queues_.back()->layout()));
        }
        in_use_.assign(queues_.size(), 0);
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

    std::size_t pair_queue(std::uint8_t pick, bool transmit) const {
        const std::size_t pairs = queues_.size() / 2;
        return 2 * (pick % pairs) + (transmit ? 1 : 0);
    }

    void add_frame(const Action& action) {
        test::DriverQueue* const queue = queue_with_room(pair_queue(action.first, true));
        if (queue == nullptr) {
            return;
        }
        auto chain = queue->chain();
        const unsigned parts = 1 + action.second % 3;
        for (unsigned i = 0; i < parts; ++i) {
            chain.readable(Bytes(1 + action.value / (parts + i), action.fill));
        }
        if ((action.second & 0x80) != 0) {
            chain.writable(9);
        }
        chain.submit();
    }

    void add_buffer(const Action& action) {
        test::DriverQueue* const queue = queue_with_room(pair_queue(action.first, false));
        if (queue == nullptr) {
            return;
        }
        auto chain = queue->chain();
        const unsigned parts = 1 + action.second % 3;
        for (unsigned i = 0; i < parts; ++i) {
            chain.writable(1U + action.value / (parts + i));
        }
        if ((action.second & 0x40) != 0) {
            chain.indirect();
        }
        chain.submit();
    }

    void add_command(const Action& action) {
        test::DriverQueue* const queue = queue_with_room(queues_.size() - 1);
        if (queue == nullptr) {
            return;
        }
        Bytes request(2 + action.value % 32, action.fill);
        request[0] = action.first % 7;
        request[1] = action.second % 3;
        if ((action.value & 0x100) != 0) {
            for (std::size_t i = 3; i < request.size(); ++i) {
                request[i] = 0;
            }
        }
        auto chain = queue->chain();
        chain.readable(request);
        if ((action.value & 0x8000) == 0) {
            chain.writable(1);
        }
        chain.submit();
    }

    void arrive(const Action& action) {
        const unsigned pair = action.first % control_.pairs;
        const Bytes frame(1 + action.value, action.fill);
        // A socket holds some frames, and no more.
        static_cast<void>(
            ::send(control_.other_ends.at(pair).get(), frame.data(), frame.size(), MSG_DONTWAIT));
    }

    GuestMemory memory_ = std::move(GuestMemory::create(std::array{kRam}, {})).value();
    EventLoop loop_ = std::move(EventLoop::create()).value();
    std::array<EventLoop*, 1> loops_ = {&loop_};
    test::CountingIrqLine line_;
    test::FakeNetBackend::Control control_;
    std::unique_ptr<mmio::MmioTransport> transport_;
    NetDevice* device_ = nullptr;
    std::vector<std::unique_ptr<test::DriverQueue>> queues_;
    std::vector<unsigned> in_use_;
};

std::uint16_t u16(std::span<const std::uint8_t> bytes) {
    return static_cast<std::uint16_t>(bytes[0] | (bytes[1] << 8));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const bool quiet = log::configure({.level = log::Level::kOff, .file_path = {}}).ok();
    SKIFF_CHECK(quiet);
    std::span<const std::uint8_t> rest(data, size);
    if (rest.empty()) {
        return 0;
    }
    Player player(rest[0]);
    rest = rest.subspan(1);
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
