// SPDX-License-Identifier: Apache-2.0
// Sends a balloon whatever a driver can put into well-formed chains, and configuration writes. Four
// bytes an action: what, a queue or offset, and a value (2); an action may eat bytes that follow.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "tests/support/counting_irq_line.h"
#include "tests/support/driver_queue.h"
#include "tests/support/mmio_driver.h"
#include "tests/support/small_guest.h"
#include "virtio/balloon/balloon_device.h"
#include "virtio/mmio/mmio_registers.h"
#include "virtio/mmio/mmio_transport.h"

namespace {

using namespace skiff;
using namespace skiff::virtio;

constexpr std::size_t kQueues = 5;
constexpr std::size_t kMostListBytes = 64;
constexpr std::uint16_t kQueueSize = 16;

class Player {
  public:
    Player() {
        auto created = mmio::MmioTransport::create(
            [this](DeviceHost& host) {
                auto made = std::make_unique<balloon::BalloonDevice>(
                    balloon::BalloonOptions{.size_bytes = kMiB, .free_page_reporting = true},
                    memory_, host);
                device_ = made.get();
                return made;
            },
            {.memory = memory_, .irq = line_, .loops = loops_, .name = "fuzzed"});
        SKIFF_CHECK(created.ok());
        transport_ = std::move(*created);
        start();
    }

    /// Plays one action; what is left of the input.
    std::span<const std::uint8_t> play(std::span<const std::uint8_t> input) {
        const std::uint8_t what = input[0];
        const std::size_t index = input[1] % kQueues;
        const auto value = static_cast<std::uint16_t>(input[2] | (input[3] << 8));
        input = input.subspan(4);
        switch (what % 6) {
            case 0: {
                const std::size_t bytes = std::min({input.size(), kMostListBytes, value % 68UL});
                const auto list = input.first(bytes);
                send(index, [&](test::ChainBuilder& chain) {
                    chain.readable({list.begin(), list.end()});
                });
                return input.subspan(bytes);
            }
            case 1:  // anywhere in the upper half of low RAM, where no ring is
                send(index, [&](test::ChainBuilder& chain) {
                    chain.writable_at(GuestAddress(kMiB / 2 + 4U * value), what * 256U);
                });
                return input;
            case 2:
                driver().try_write(mmio::kConfig + input_offset(index), 1U << (what % 4), value);
                return input;
            case 3:
                driver().try_read(mmio::kConfig + input_offset(index), 1U << (what % 4));
                return input;
            case 4:
                device_->set_size(std::uint64_t{value} << (what % 40));
                if ((what & 0x40) != 0) {
                    (void)device_->hints().start();
                }
                if ((what & 0x80) != 0) {
                    (void)device_->hints().stop();
                }
                return input;
            default:
                start();
                return input;
        }
    }

  private:
    test::MmioDriver driver() { return test::MmioDriver(*transport_); }

    static std::uint64_t input_offset(std::size_t index) { return index * 3; }

    void start() {
        SKIFF_CHECK(driver().negotiate(VIRTIO_F_VERSION_1 | 0x3a));
        for (std::size_t i = 0; i < kQueues; ++i) {
            queues_.at(i).emplace(memory_, GuestAddress(0x1000 + i * 0x4000), 0x4000, kQueueSize);
            SKIFF_CHECK(
                driver().set_up_queue(static_cast<std::uint32_t>(i), queues_.at(i)->layout()));
        }
        driver().driver_ok();
        loop_.run_until_idle();
        sent_ = 0;
    }

    template <typename Build>
    void send(std::size_t index, Build build) {
        if (++sent_ == kQueueSize) {
            start();  // the fake's room and descriptors are no part of what is tested
        }
        auto chain = queues_.at(index)->chain();
        build(chain);
        chain.submit();
        driver().notify(static_cast<std::uint32_t>(index));
        loop_.run_until_idle();
    }

    GuestMemory memory_ = test::small_guest();
    EventLoop loop_ = std::move(EventLoop::create()).value();
    std::array<EventLoop*, 1> loops_ = {&loop_};
    test::CountingIrqLine line_;
    std::unique_ptr<mmio::MmioTransport> transport_;
    balloon::BalloonDevice* device_ = nullptr;
    std::array<std::optional<test::DriverQueue>, kQueues> queues_;
    unsigned sent_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const bool quiet = log::configure({.level = log::Level::kOff, .file_path = {}}).ok();
    SKIFF_CHECK(quiet);
    Player player;
    std::span<const std::uint8_t> rest(data, size);
    for (unsigned actions = 0; actions < 256 && rest.size() >= 4; ++actions) {
        rest = player.play(rest);
    }
    return 0;
}
