// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/poll_window.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace skiff {

/// Something that a loop can look at for work, instead of being woken for it. On the loop's thread.
class Poller {
  public:
    virtual ~Poller() = default;
    /// Looks for work, and does it. True where there was some.
    virtual bool poll() = 0;
    /// The loop is about to sleep: ask to be woken. True where work came before that could be
    /// known: then the loop goes on polling.
    [[nodiscard]] virtual bool prepare_to_sleep() = 0;
};

/// An epoll loop: file descriptors with callbacks, run by one thread. It belongs to the thread that
/// runs it, and before that to the one that made it.
///
/// add(), modify(), remove(), run() and what is about polling belong to the loop's thread; stop(),
/// post() and call() are callable from any thread.
class EventLoop {
  public:
    /// Gets the EPOLL* bits that are ready. It may add and remove descriptors, its own included.
    using Callback = std::function<void(std::uint32_t events)>;
    using Id = std::uint64_t;

    static Result<EventLoop> create();
    EventLoop(EventLoop&&) noexcept;
    EventLoop& operator=(EventLoop&&) noexcept;
    ~EventLoop();

    /// Watches `fd` (which stays the caller's) for `events`, level-triggered unless they say
    /// EPOLLET. Fails with EPERM for regular files, which epoll does not take.
    Result<Id> add(int fd, std::uint32_t events, Callback callback);
    /// Changes what an entry waits for; 0 pauses it.
    void modify(Id id, std::uint32_t events);
    /// Stops watching. Events already fetched for it are dropped.
    void remove(Id id);

    /// Dispatches until stop(). Returns at once where stop() was called before.
    void run();
    /// In place of run(), for a caller that owns the loop and must not wait (a test): does
    /// everything that there is to do, as if the loop slept at its end, and comes back.
    void run_until_idle();
    /// Ends run() soon.
    void stop();
    /// Runs `task` on the loop's thread soon. Never, where the loop has ended.
    void post(std::function<void()> task);
    /// Runs `task` on the loop's thread, after what was posted before, and waits for its end; at
    /// once where this is the loop's thread. Once the loop has ended, and with it what ran beside
    /// the caller, the caller runs it.
    void call(const std::function<void()>& task);

    /// How long to poll before sleeping (the default: not at all). Before run().
    void set_poll_policy(const PollPolicy& policy) { window_ = PollWindow(policy); }
    /// `poller` has just worked: look at it until there was nothing to do for the window.
    void start_polling(Poller& poller);
    /// Forgets `poller`, which may not be polled at the moment. Not from within poll().
    void stop_polling(Poller& poller);

  private:
    enum class Wait { kNone, kForever };

    struct Entry {
        int fd;
        Callback callback;
    };
    struct Mailbox;  // what other threads touch

    EventLoop() = default;
    bool dispatch(Wait wait);
    Wait poll_until_asked_elsewhere();
    bool poll_all();
    Wait prepare_to_sleep();
    void run_posted_tasks();
    bool stopped() const;

    UniqueFd epoll_;
    UniqueFd wake_;
    std::map<Id, Entry> entries_;
    Id next_id_ = 1;
    std::vector<Poller*> pollers_;
    PollWindow window_{{.kind = PollPolicy::Kind::kFixed, .limit = std::chrono::nanoseconds(0)}};
    std::unique_ptr<Mailbox> mailbox_;
};

}  // namespace skiff
