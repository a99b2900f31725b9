// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "base/json_writer.h"
#include "vmm/machine/event_sink.h"
#include "vmm/machine/exit_reason.h"

namespace skiff::api {

/// What happened to one microVM, as GET `/v1/events` tells it (docs/api/events.md): the last
/// events, in a bounded ring, each with a number. All methods are for any thread; none waits.
class EventLog final : public machine::EventSink {
  public:
    using Clock = std::chrono::system_clock;

    static constexpr std::size_t kMaxEvents = 256;
    /// Of what is kept; a message of a guest's kernel has at most 200.
    static constexpr std::size_t kMaxBytes = 64 * 1024;

    /// `now`: where times come from.
    explicit EventLog(std::function<Clock::time_point()> now = Clock::now) : now_(std::move(now)) {}

    /// The microVM is in another state: one of the words of GET `/`, or "Starting". `error`: why it
    /// could not be started; may be empty.
    void state(std::string_view state, std::string_view error = {});
    /// The last event: how it ended. What comes later is not taken.
    void ended(const machine::ExitReason& reason);
    void on_event(const machine::MachineEvent& event) override;

    /// Called after each event, by whoever brought it, without a lock; empty: nobody listens.
    void set_listener(std::function<void()> listener);

    /// What came after event number `after`.
    struct Events {
        std::string text;        ///< In the format of text/event-stream.
        std::uint64_t last = 0;  ///< The number of the last one that is in the text.
        bool are_all = false;    ///< Nothing comes after it.
    };
    /// As many as fit into `max_bytes`, but one where there is one. A number that there is not
    /// (another process's) counts as 0: before the first. Where some are not kept any more, the
    /// text begins with an event that says how many.
    Events after(std::uint64_t after, std::size_t max_bytes) const;

  private:
    void add_event(const machine::KernelEvent& event);
    void add_event(const machine::DeviceEvent& event);
    void add_event(const machine::LinkEvent& event);
    void add_event(const machine::BalloonEvent& event);
    void add(std::string_view name, const std::function<void(JsonWriter&)>& write_members);

    const std::function<Clock::time_point()> now_;
    mutable std::mutex mutex_;
    // All guarded by mutex_.
    std::deque<std::string> texts_;  // of the last events
    std::size_t bytes_ = 0;          // in texts_
    std::uint64_t last_ = 0;         // the number of the last one
    bool is_over_ = false;
    std::function<void()> listener_;
};

}  // namespace skiff::api
