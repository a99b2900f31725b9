// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/event_source.h"

#include <chrono>
#include <optional>

namespace skiff::machine {
namespace {

constexpr std::chrono::milliseconds kBetweenSizes{100};

}  // namespace

EventSource::EventSource(EventLoop& loop, const ConsoleWatch& console,
                         const MachineControl& control)
    : loop_(loop),
      console_(console),
      control_(control),
      balloon_timer_(loop, [this] { look_at_balloon(); }) {}

void EventSource::on_news(const ConsoleWatch::News& news) {
    if (sink_ == nullptr || news.troubles.none()) {
        return;
    }
    const auto bits = static_cast<unsigned>(news.troubles.to_ulong());
    if (troubles_.fetch_or(bits) == 0) {
        loop_.post([this] { tell_of_kernel(); });
    }
}

void EventSource::tell_of_kernel() {
    const KernelTroubles troubles(troubles_.exchange(0));
    for (std::size_t index = 0; index < kKernelTroubles; ++index) {
        if (troubles.test(index) && limits_.at(index).allow()) {
            const auto trouble = static_cast<KernelTrouble>(index);
            sink_->on_event(
                KernelEvent{.trouble = trouble, .message = console_.last_message(trouble)});
        }
    }
}

void EventSource::on_device(const std::string& device, virtio::DeviceNews news,
                            std::string_view detail) {
    using Problem = DeviceEvent::Problem;
    if (sink_ == nullptr) {
        return;
    }
    switch (news) {
        case virtio::DeviceNews::kNeedsReset:
        case virtio::DeviceNews::kHostError:
            sink_->on_event(DeviceEvent{.device = device,
                                        .problem = news == virtio::DeviceNews::kNeedsReset
                                                       ? Problem::kNeedsReset
                                                       : Problem::kHostError,
                                        .detail = std::string(detail)});
            break;
        case virtio::DeviceNews::kLinkUp:
        case virtio::DeviceNews::kLinkDown:
            sink_->on_event(
                LinkEvent{.device = device, .is_up = news == virtio::DeviceNews::kLinkUp});
            break;
        case virtio::DeviceNews::kBalloonSize:
            if (!balloon_changed_.exchange(true)) {
                loop_.post([this] { look_at_balloon(); });
            }
            break;
    }
}

void EventSource::look_at_balloon() {
    if (!balloon_timer_.running() && balloon_changed_.exchange(false)) {
        tell_of_balloon();
        // Without a timer more is told than is good, but the last size is.
        static_cast<void>(balloon_timer_.start(kBetweenSizes));
    }
}

void EventSource::tell_of_balloon() {
    if (const std::optional<BalloonState> state = control_.balloon()) {
        sink_->on_event(
            BalloonEvent{.target_bytes = state->target_bytes, .actual_bytes = state->actual_bytes});
    }
}

}  // namespace skiff::machine
