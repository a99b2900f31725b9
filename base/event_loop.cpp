// SPDX-License-Identifier: Apache-2.0
#include "base/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <future>
#include <thread>
#include <utility>

namespace skiff {
namespace {

using Clock = PollWindow::Clock;

constexpr EventLoop::Id kWakeId = 0;

// While it polls, the loop looks at its descriptors this often.
constexpr std::chrono::microseconds kLookElsewhere{20};

void relax_processor() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

}  // namespace

struct EventLoop::Mailbox {
    std::mutex mutex;
    std::vector<std::function<void()>> tasks;            // guarded by mutex
    bool ended = false;                                  // guarded by mutex
    std::thread::id owner = std::this_thread::get_id();  // guarded by mutex
    std::mutex after_the_end;  // held by who runs a task in the place of the loop
    // Looked at without the mutex, in every round: set when there is mail.
    std::atomic<bool> has_tasks{false};
    std::atomic<bool> stopped{false};

    /// With the mutex held.
    void add(std::function<void()> task) {
        tasks.push_back(std::move(task));
        has_tasks.store(true, std::memory_order_release);
    }
};

EventLoop::EventLoop(EventLoop&&) noexcept = default;
EventLoop& EventLoop::operator=(EventLoop&&) noexcept = default;
EventLoop::~EventLoop() = default;

Result<EventLoop> EventLoop::create() {
    EventLoop loop;
    loop.mailbox_ = std::make_unique<Mailbox>();
    loop.epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
    if (!loop.epoll_.valid()) {
        return Error::host(errno, "cannot create an epoll instance");
    }
    loop.wake_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!loop.wake_.valid()) {
        return Error::host(errno, "cannot create an eventfd");
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kWakeId;
    if (::epoll_ctl(loop.epoll_.get(), EPOLL_CTL_ADD, loop.wake_.get(), &event) != 0) {
        return Error::host(errno, "cannot watch the event loop's eventfd");
    }
    return loop;
}

Result<EventLoop::Id> EventLoop::add(int fd, std::uint32_t events, Callback callback) {
    const Id id = next_id_++;
    epoll_event event{};
    event.events = events;
    event.data.u64 = id;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
        return Error::host(errno, "cannot watch a file descriptor");
    }
    entries_.emplace(id, Entry{fd, std::move(callback)});
    return id;
}

void EventLoop::modify(Id id, std::uint32_t events) {
    const auto entry = entries_.find(id);
    SKIFF_CHECK(entry != entries_.end());
    epoll_event event{};
    event.events = events;
    event.data.u64 = id;
    SKIFF_CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, entry->second.fd, &event) == 0);
}

void EventLoop::remove(Id id) {
    const auto entry = entries_.find(id);
    SKIFF_CHECK(entry != entries_.end());
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, entry->second.fd, nullptr);
    entries_.erase(entry);
}

void EventLoop::run() {
    {
        const std::lock_guard lock(mailbox_->mutex);
        mailbox_->owner = std::this_thread::get_id();
    }
    while (true) {
        run_posted_tasks();
        if (stopped()) {
            break;
        }
        dispatch(poll_until_asked_elsewhere());
    }
    {
        const std::lock_guard lock(mailbox_->mutex);
        mailbox_->ended = true;
    }
    run_posted_tasks();  // somebody may wait for them
}

void EventLoop::run_until_idle() {
    bool busy = true;
    while (busy) {
        run_posted_tasks();
        while (poll_all()) {
        }
        const bool awake = prepare_to_sleep() == Wait::kNone;
        busy = dispatch(Wait::kNone) || awake || mailbox_->has_tasks.load();
    }
}

bool EventLoop::stopped() const {
    return mailbox_->stopped.load(std::memory_order_acquire);
}

/// Whether there was anything to dispatch.
bool EventLoop::dispatch(Wait wait) {
    std::array<epoll_event, 16> events;
    const int ready = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                   wait == Wait::kForever ? -1 : 0);
    SKIFF_CHECK(ready >= 0 || errno == EINTR);
    for (int i = 0; i < ready; ++i) {
        const epoll_event& event = events.at(static_cast<std::size_t>(i));
        const Id id = event.data.u64;  // a copy: the struct is packed
        if (id == kWakeId) {
            eventfd_t count = 0;
            ::eventfd_read(wake_.get(), &count);
            continue;
        }
        const auto entry = entries_.find(id);
        if (entry == entries_.end()) {
            continue;  // removed by an earlier callback of this batch
        }
        // A copy, because the callback may remove its own entry.
        const Callback callback = entry->second.callback;
        callback(event.events);
    }
    return ready > 0;
}

/// Polls while there is work, and for the window after it, but not for long without a look at the
/// descriptors and the mailbox. Says how to look.
EventLoop::Wait EventLoop::poll_until_asked_elsewhere() {
    if (pollers_.empty()) {
        return Wait::kForever;
    }
    const auto look_elsewhere = Clock::now() + kLookElsewhere;
    while (true) {
        const bool worked = poll_all();
        const auto now = Clock::now();
        if (worked) {
            window_.worked(now);
        } else if (window_.is_over(now)) {
            return prepare_to_sleep();
        } else {
            relax_processor();
        }
        if (now >= look_elsewhere || mailbox_->has_tasks.load(std::memory_order_relaxed) ||
            stopped()) {
            return Wait::kNone;
        }
    }
}

bool EventLoop::poll_all() {
    bool worked = false;
    for (Poller* const poller : pollers_) {
        worked |= poller->poll();
    }
    return worked;
}

EventLoop::Wait EventLoop::prepare_to_sleep() {
    const auto asleep = std::remove_if(pollers_.begin(), pollers_.end(),
                                       [](Poller* poller) { return !poller->prepare_to_sleep(); });
    pollers_.erase(asleep, pollers_.end());
    return pollers_.empty() ? Wait::kForever : Wait::kNone;
}

void EventLoop::start_polling(Poller& poller) {
    const auto now = Clock::now();
    if (pollers_.empty()) {
        window_.woken(now);
    }
    window_.worked(now);
    if (std::find(pollers_.begin(), pollers_.end(), &poller) == pollers_.end()) {
        pollers_.push_back(&poller);
    }
}

void EventLoop::stop_polling(Poller& poller) {
    pollers_.erase(std::remove(pollers_.begin(), pollers_.end(), &poller), pollers_.end());
}

void EventLoop::run_posted_tasks() {
    if (!mailbox_->has_tasks.load(std::memory_order_acquire)) {
        return;
    }
    std::vector<std::function<void()>> tasks;
    {
        const std::lock_guard lock(mailbox_->mutex);
        tasks.swap(mailbox_->tasks);
        mailbox_->has_tasks.store(false, std::memory_order_relaxed);
    }
    for (const auto& task : tasks) {
        task();
    }
}

void EventLoop::stop() {
    mailbox_->stopped.store(true, std::memory_order_release);
    ::eventfd_write(wake_.get(), 1);
}

void EventLoop::post(std::function<void()> task) {
    {
        const std::lock_guard lock(mailbox_->mutex);
        if (mailbox_->ended) {
            return;
        }
        mailbox_->add(std::move(task));
    }
    ::eventfd_write(wake_.get(), 1);
}

void EventLoop::call(const std::function<void()>& task) {
    // Shared: the loop may still be inside of set_value() when this thread goes on.
    const auto done = std::make_shared<std::promise<void>>();
    std::unique_lock lock(mailbox_->mutex);
    if (mailbox_->owner == std::this_thread::get_id()) {
        lock.unlock();
        run_posted_tasks();  // what was posted before comes before
        task();
        return;
    }
    if (mailbox_->ended) {
        lock.unlock();
        const std::lock_guard one_at_a_time(mailbox_->after_the_end);
        task();
        return;
    }
    mailbox_->add([&task, done] {
        task();
        done->set_value();
    });
    lock.unlock();
    ::eventfd_write(wake_.get(), 1);
    done->get_future().wait();
}

}  // namespace skiff
