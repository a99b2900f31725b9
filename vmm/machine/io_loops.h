// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "base/event_loop.h"
#include "base/poll_window.h"
#include "base/result.h"

namespace skiff::machine {

/// The event loops that run the devices: the machine's own, and one thread ("io N") for each
/// further one. Belongs to the thread of the machine's loop.
class IoLoops {
  public:
    /// `count` loops in all, the first of which is `main_loop`.
    static Result<std::unique_ptr<IoLoops>> create(EventLoop& main_loop, unsigned count,
                                                   const PollPolicy& polling);
    /// After stop(), or without start().
    ~IoLoops();
    IoLoops(const IoLoops&) = delete;
    IoLoops& operator=(const IoLoops&) = delete;

    std::span<EventLoop* const> all() const { return all_; }

    /// Starts the threads. The machine's own loop runs where its owner runs it.
    Result<void> start();
    /// Ends and joins them. No vCPU runs any more.
    void stop();

  private:
    IoLoops() = default;

    std::vector<EventLoop> own_;
    std::vector<EventLoop*> all_;
    std::vector<std::thread> threads_;
};

}  // namespace skiff::machine
