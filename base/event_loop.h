// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace skiff {

/// An epoll loop: file descriptors with callbacks, run by one thread.
///
/// add(), modify(), remove() and run() belong to the loop's thread (or happen before it runs);
/// stop() and post() are callable from any thread.
class EventLoop {
  public:
    /// Gets the EPOLL* bits that are ready. It may add and remove descriptors, its own included.
    using Callback = std::function<void(std::uint32_t events)>;
    using Id = std::uint64_t;

    static Result<EventLoop> create();
    EventLoop(EventLoop&&) noexcept;
    EventLoop& operator=(EventLoop&&) noexcept;
    ~EventLoop();

    /// Watches `fd` (which stays the caller's) for `events`, level-triggered. Fails with EPERM for
    /// regular files, which epoll does not take.
    Result<Id> add(int fd, std::uint32_t events, Callback callback);
    /// Changes what an entry waits for; 0 pauses it.
    void modify(Id id, std::uint32_t events);
    /// Stops watching. Events already fetched for it are dropped.
    void remove(Id id);

    /// Dispatches until stop(). Returns at once where stop() was called before.
    void run();
    /// Ends run() soon.
    void stop();
    /// Runs `task` on the loop's thread soon.
    void post(std::function<void()> task);

  private:
    struct Entry {
        int fd;
        Callback callback;
    };
    struct Mailbox;  // what other threads touch

    EventLoop() = default;
    void run_posted_tasks();

    UniqueFd epoll_;
    UniqueFd wake_;
    std::map<Id, Entry> entries_;
    Id next_id_ = 1;
    std::unique_ptr<Mailbox> mailbox_;
};

}  // namespace skiff
