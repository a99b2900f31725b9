// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace skiff {

/// A thread that does something again and again, and sleeps in between. It has the signals blocked
/// that its maker has.
class PeriodicThread {
  public:
    /// Calls `task` for the first time when `period` is over. `name` has at most 15 characters.
    PeriodicThread(std::string name, std::chrono::milliseconds period, std::function<void()> task);
    /// Waits for a task that runs.
    ~PeriodicThread();
    PeriodicThread(const PeriodicThread&) = delete;
    PeriodicThread& operator=(const PeriodicThread&) = delete;

  private:
    void run();

    const std::string name_;
    const std::chrono::milliseconds period_;
    const std::function<void()> task_;
    std::mutex mutex_;
    std::condition_variable ended_;
    bool is_over_ = false;  // guarded by mutex_
    std::thread thread_;
};

}  // namespace skiff
