// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

namespace skiff::log {

/// Keeps what a guest can cause any number of times from flooding the log: a few lines at once,
/// then a few a minute (docs/architecture.md, "Three kinds of failure"). Any thread.
class Limit {
  public:
    using Clock = std::chrono::steady_clock;

    /// Whether a line may be written now.
    bool allow(Clock::time_point now = Clock::now()) {
        const std::lock_guard lock(mutex_);
        if (now - window_start_ >= kWindow) {
            window_start_ = now;
            lines_ = 0;
        }
        return ++lines_ <= kLinesPerWindow;
    }

  private:
    static constexpr std::chrono::seconds kWindow{10};
    static constexpr std::uint64_t kLinesPerWindow = 5;

    std::mutex mutex_;
    Clock::time_point window_start_{};  // guarded by mutex_
    std::uint64_t lines_ = 0;           // guarded by mutex_
};

}  // namespace skiff::log
