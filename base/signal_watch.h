// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>

#include <functional>
#include <initializer_list>
#include <memory>

#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace skiff {

/// Signals that end a process, as events of a loop. They are blocked in the calling thread and in
/// all that it starts later, so create it before any other thread; the mask is what it was before
/// once the object goes.
class SignalWatch {
  public:
    /// Calls `arrived` with the signal's number, on the loop's thread, for each of `signals`.
    /// `loop` outlives the watch.
    static Result<std::unique_ptr<SignalWatch>> create(EventLoop& loop,
                                                       std::initializer_list<int> signals,
                                                       std::function<void(int)> arrived);
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

  private:
    SignalWatch(EventLoop& loop, std::function<void(int)> arrived)
        : loop_(loop), arrived_(std::move(arrived)) {}
    void read();

    EventLoop& loop_;
    std::function<void(int)> arrived_;
    sigset_t old_mask_{};
    UniqueFd signals_;
    EventLoop::Id watch_ = 0;
};

}  // namespace skiff
