// SPDX-License-Identifier: Apache-2.0
// Plays what a driver can do, decoded from the input, against an echo device behind the MMIO
// transport: register accesses of every kind, rings and descriptors with any content,
// notifications. Six bytes an action: what, where (2), a small number, and a value (2).
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/event_loop.h"
#include "base/guest_memory.h"
#include "base/log.h"
#include "tests/support/counting_irq_line.h"
#include "tests/support/driver_queue.h"
#include "tests/support/echo_device.h"
#include "tests/support/mmio_driver.h"
#include "tests/support/small_guest.h"
#include "virtio/mmio/mmio_registers.h"
#include "virtio/mmio/mmio_transport.h"

namespace {

using namespace skiff;
using namespace skiff::virtio;
using namespace skiff::virtio::mmio;

constexpr std::size_t kActionBytes = 6;
constexpr std::size_t kMaxActions = 512;

// Where a well-behaved start places queue 0.
constexpr QueueLayout kLayout{test::EchoDevice::kQueueSize, GuestAddress(0x1000),
                              GuestAddress(0x2000), GuestAddress(0x3000)};

struct Action {
    std::uint8_t what;
    std::uint16_t where;
    std::uint8_t number;
    std::uint16_t value;
};

class Player {
  public:
    Player() {
        auto created = MmioTransport::create(
            [this](DeviceHost& host) { return std::make_unique<test::EchoDevice>(control_, host); },
            {.memory = memory_, .irq = line_, .loops = loops_, .name = "fuzzed"});
        SKIFF_CHECK(created.ok());
        transport_ = std::move(*created);
    }

    void play(const Action& action) {
        switch (action.what % 12) {
            case 0:
                driver().try_read(action.where % kWindowBytes, width(action));
                return;
            case 1:
                driver().try_write(action.where % kWindowBytes, width(action), wide(action));
                return;
            case 2:
                driver().write(kStatus, action.value);
                return;
            case 3:
                start(action);
                return;
            case 4:
                set_descriptor(action, wide(action) % (2 * kMiB));
                return;
            case 5:
                set_descriptor(action, wide(action) * 0x1'0001'0001ULL);
                return;
            case 6:
                write16(GuestAddress(0x2004 + 2ULL * (action.where % 8)), action.value);
                return;
            case 7:
                write16(GuestAddress(0x2002), action.value);  // the avail index
                return;
            case 8:
                write16(GuestAddress(action.where), action.value);
                return;
            case 9:
                driver().notify(action.value % 4);
                return;
            case 10:
                control_.hold = (action.number & 1) != 0;
                return;
            default:
                loop_.run_until_idle();
                return;
        }
    }

    /// Whatever was done to it, the device works for a driver that resets it and keeps the rules.
    void check_that_it_works() {
        control_.hold = false;
        test::DriverQueue queue(memory_, GuestAddress(0x8000), 0x4000,
                                test::EchoDevice::kQueueSize);
        SKIFF_CHECK(driver().negotiate(VIRTIO_F_VERSION_1));
        SKIFF_CHECK(driver().set_up_queue(0, queue.layout()));
        driver().driver_ok();
        const auto chain = queue.chain().readable({1, 2}).writable(2).submit();
        driver().notify(0);
        loop_.run_until_idle();
        SKIFF_CHECK(queue.take_used() == (test::DriverQueue::Used{chain.head, 2}));
        SKIFF_CHECK(queue.written(chain) == (test::Bytes{1, 2}));
    }

  private:
    test::MmioDriver driver() { return test::MmioDriver(*transport_); }

    static std::size_t width(const Action& action) {
        return std::array<std::size_t, 4>{1, 2, 4, 8}.at(action.number % 4);
    }
    static std::uint64_t wide(const Action& action) {
        return (std::uint64_t{action.number} << 16) | action.value;
    }

    /// The handshake as it should be, so that the input need not find it out.
    void start(const Action& action) {
        constexpr std::array<std::uint64_t, 4> kChoices = {
            0, VIRTIO_F_EVENT_IDX, VIRTIO_F_INDIRECT_DESC,
            VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_RESET};
        if (driver().negotiate(VIRTIO_F_VERSION_1 | kChoices.at(action.number % 4))) {
            static_cast<void>(driver().set_up_queue(action.value % 2, kLayout));
            driver().driver_ok();
        }
    }

    void set_descriptor(const Action& action, std::uint64_t address) {
        const Descriptor descriptor{.addr = address,
                                    .len = action.value,
                                    .flags = static_cast<std::uint16_t>(action.number & 7),
                                    .next = static_cast<std::uint16_t>(action.number >> 3)};
        const std::uint64_t index = action.where % (2 * test::EchoDevice::kQueueSize);
        SKIFF_CHECK(memory_.write(GuestAddress(0x1000 + sizeof descriptor * index), descriptor));
    }

    void write16(GuestAddress address, std::uint16_t value) {
        SKIFF_CHECK(memory_.write(address, value));
    }

    GuestMemory memory_ = test::small_guest();
    EventLoop loop_ = std::move(EventLoop::create()).value();
    std::array<EventLoop*, 1> loops_ = {&loop_};
    test::CountingIrqLine line_;
    test::EchoDevice::Control control_;
    std::unique_ptr<MmioTransport> transport_;
};

std::uint16_t u16(std::span<const std::uint8_t> bytes) {
    return static_cast<std::uint16_t>(bytes[0] | (bytes[1] << 8));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const bool quiet = log::configure({.level = log::Level::kOff, .file_path = {}}).ok();
    SKIFF_CHECK(quiet);
    Player player;
    std::span<const std::uint8_t> rest(data, size);
    for (std::size_t i = 0; i < kMaxActions && rest.size() >= kActionBytes; ++i) {
        player.play({.what = rest[0],
                     .where = u16(rest.subspan(1)),
                     .number = rest[3],
                     .value = u16(rest.subspan(4))});
        rest = rest.subspan(kActionBytes);
    }
    player.check_that_it_works();
    return 0;
}
