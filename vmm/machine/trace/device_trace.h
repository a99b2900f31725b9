// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/loop_timer.h"
#include "base/result.h"
#include "vmm/machine/virtio_devices.h"

namespace skiff::machine {

/// Takes down what the counters of all virtio queues are, a hundred times a second, where they have
/// changed: the devices count anyway, so tracing costs them nothing. Lives on the loop's thread.
class DeviceTrace {
  public:
    using Clock = std::chrono::steady_clock;
    /// A guest that is busy for hours does not make it grow.
    static constexpr std::size_t kMaxSamples = 64 * 1024;

    struct Counters {
        std::uint64_t chains = 0, notifications = 0, interrupts = 0;
        bool operator==(const Counters&) const = default;
    };
    struct Sample {
        Clock::time_point time;
        std::size_t queue;  ///< In queue_names().
        Counters counters;  ///< Since the sample before.
    };

    DeviceTrace(EventLoop& loop, const VirtioDevices& devices);

    Result<void> start();
    /// The last samples.
    void finish();

    /// "disk /tmp/x queue 0", …
    const std::vector<std::string>& queue_names() const { return names_; }
    const std::vector<Sample>& samples() const { return samples_; }
    std::uint64_t dropped_samples() const { return dropped_samples_; }

  private:
    void sample();
    void sample_again();

    const VirtioDevices& devices_;
    LoopTimer timer_;
    std::vector<std::string> names_;
    std::vector<Counters> last_;
    std::vector<Sample> samples_;
    std::uint64_t dropped_samples_ = 0;
};

}  // namespace skiff::machine
