// SPDX-License-Identifier: Apache-2.0
#include "base/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace skiff {
namespace {

constexpr EventLoop::Id kWakeId = 0;

}  // namespace

struct EventLoop::Mailbox {
    std::mutex mutex;
    std::vector<std::function<void()>> tasks;  // guarded by mutex
    bool stopped = false;                      // guarded by mutex
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
    std::array<epoll_event, 16> events;
    while (true) {
        run_posted_tasks();
        {
            const std::lock_guard lock(mailbox_->mutex);
            if (mailbox_->stopped) {
                return;
            }
        }
        const int ready =
            ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
        SKIFF_CHECK(ready >= 0 || errno == EINTR);
        for (int i = 0; i < ready; ++i) {
            const epoll_event& event = events.at(static_cast<std::size_t>(i));
            if (event.data.u64 == kWakeId) {
                eventfd_t count = 0;
                ::eventfd_read(wake_.get(), &count);
                continue;
            }
            const auto entry = entries_.find(event.data.u64);
            if (entry == entries_.end()) {
                continue;  // removed by an earlier callback of this batch
            }
            // A copy, because the callback may remove its own entry.
            const Callback callback = entry->second.callback;
            callback(event.events);
        }
    }
}

void EventLoop::run_posted_tasks() {
    std::vector<std::function<void()>> tasks;
    {
        const std::lock_guard lock(mailbox_->mutex);
        tasks.swap(mailbox_->tasks);
    }
    for (const auto& task : tasks) {
        task();
    }
}

void EventLoop::stop() {
    {
        const std::lock_guard lock(mailbox_->mutex);
        mailbox_->stopped = true;
    }
    ::eventfd_write(wake_.get(), 1);
}

void EventLoop::post(std::function<void()> task) {
    {
        const std::lock_guard lock(mailbox_->mutex);
        mailbox_->tasks.push_back(std::move(task));
    }
    ::eventfd_write(wake_.get(), 1);
}

}  // namespace skiff
