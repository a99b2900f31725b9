// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace skiff {

/// How long a loop that has just worked looks for more work before it sleeps.
struct PollPolicy {
    enum class Kind {
        kAuto,   ///< As long as it pays, up to `limit`.
        kFixed,  ///< Always `limit`; zero: not at all.
    };
    Kind kind = Kind::kAuto;
    /// Waking a sleeping thread costs about as much as this: looking for longer never pays.
    std::chrono::nanoseconds limit{64'000};
    bool operator==(const PollPolicy&) const = default;
};

/// The time of polling, adjusted to when work really comes: it grows while work arrives soon after
/// the loop went to sleep, and shrinks to nothing while it does not. Where work comes only once the
/// loop sleeps, time after time (the two share a processor, and polling keeps the other from
/// working), there is none for a number of wakings, a longer one each time. Time is the caller's:
/// one steady clock.
class PollWindow {
  public:
    using Clock = std::chrono::steady_clock;

    explicit PollWindow(const PollPolicy& policy);

    /// Work was done: the window begins anew. After woken() it is what woke the loop, else it was
    /// met by polling.
    void worked(Clock::time_point now);

    /// Whether there was nothing to do for the whole window.
    bool is_over(Clock::time_point now) const { return now - last_work_ >= length_; }

    /// The loop slept, and work woke it.
    void woken(Clock::time_point now);

    std::chrono::nanoseconds length() const { return length_; }

  private:
    void adjust(std::chrono::nanoseconds idle);

    PollPolicy policy_;
    std::chrono::nanoseconds length_;
    Clock::time_point last_work_;
    bool was_woken_ = false;
    unsigned vain_windows_ = 0;  // in a row, polled to their end
    unsigned next_rest_;         // wakings without polling, when there were too many of these
    unsigned rest_ = 0;          // of them left
};

}  // namespace skiff
