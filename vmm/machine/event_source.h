// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <string>
#include <string_view>

#include "base/event_loop.h"
#include "base/log_limit.h"
#include "base/loop_timer.h"
#include "virtio/device.h"
#include "vmm/machine/console_watch.h"
#include "vmm/machine/event_sink.h"
#include "vmm/machine/machine_control.h"

namespace skiff::machine {

/// Makes events of what the machine's parts notice, for one sink; without a sink it does nothing.
///
/// A guest can cause what is noticed any number of times, on its vCPUs' threads. These only leave a
/// mark: the loop's thread makes the events, and of each kind only so many (base/log_limit.h; the
/// balloon's size ten times a second, the last one in any case).
class EventSource {
  public:
    EventSource(EventLoop& loop, const ConsoleWatch& console, const MachineControl& control);

    /// Before the machine runs, or after that.
    void set_sink(EventSink* sink) { sink_ = sink; }

    /// What was just printed. Any thread; cheap where it is nothing.
    void on_news(const ConsoleWatch::News& news);
    /// What the device of this name reports. Any thread.
    void on_device(const std::string& device, virtio::DeviceNews news, std::string_view detail);

  private:
    void tell_of_kernel();
    void look_at_balloon();
    void tell_of_balloon();

    EventLoop& loop_;
    const ConsoleWatch& console_;
    const MachineControl& control_;
    EventSink* sink_ = nullptr;
    std::atomic<unsigned> troubles_{0};  // a KernelTroubles that is not told of
    std::atomic<bool> balloon_changed_{false};
    // The loop's thread.
    std::array<log::Limit, kKernelTroubles> limits_;
    LoopTimer balloon_timer_;  // runs where the size was told of just now
};

}  // namespace skiff::machine
