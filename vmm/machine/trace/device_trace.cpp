// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/trace/device_trace.h"

#include <fmt/format.h>

#include "base/log.h"

namespace skiff::machine {
namespace {

constexpr std::chrono::milliseconds kEvery{10};

DeviceTrace::Counters counters_of(const virtio::QueueCounters& counters) {
    return {.chains = counters.chains.value(),
            .notifications = counters.notifications.value(),
            .interrupts = counters.interrupts.value()};
}

}  // namespace

DeviceTrace::DeviceTrace(EventLoop& loop, const VirtioDevices& devices)
    : devices_(devices), timer_(loop, [this] { sample_again(); }) {
    for (const auto& transport : devices_.transports()) {
        for (std::size_t queue = 0; queue < transport->queues().count(); ++queue) {
            names_.push_back(fmt::format("{} queue {}", transport->name(), queue));
        }
    }
    last_.resize(names_.size());
}

Result<void> DeviceTrace::start() {
    if (!timer_.start(kEvery)) {
        return Error::host("the host has no timer left for --trace devices");
    }
    return {};
}

void DeviceTrace::finish() {
    timer_.stop();
    sample();
}

void DeviceTrace::sample_again() {
    sample();
    if (!timer_.start(kEvery)) {
        log::warning("the host has no timer left: devices are traced no longer");
    }
}

void DeviceTrace::sample() {
    const auto now = Clock::now();
    std::size_t at = 0;
    for (const auto& transport : devices_.transports()) {
        for (std::size_t queue = 0; queue < transport->queues().count(); ++queue, ++at) {
            const Counters counters = counters_of(transport->queues().counters(queue));
            if (counters == last_[at]) {
                continue;
            }
            if (samples_.size() < kMaxSamples) {
                samples_.push_back({now,
                                    at,
                                    {counters.chains - last_[at].chains,
                                     counters.notifications - last_[at].notifications,
                                     counters.interrupts - last_[at].interrupts}});
            } else {
                ++dropped_samples_;
            }
            last_[at] = counters;
        }
    }
}

}  // namespace skiff::machine
