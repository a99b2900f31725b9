// SPDX-License-Identifier: Apache-2.0
#include "base/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <catch2/catch.hpp>
#include <thread>

using skiff::EventLoop;

namespace {

skiff::UniqueFd ready_eventfd() {
    skiff::UniqueFd fd(::eventfd(1, EFD_CLOEXEC));
    REQUIRE(fd.valid());
    return fd;
}

}  // namespace

TEST_CASE("A callback may remove its own entry") {
    auto loop = EventLoop::create();
    REQUIRE(loop.ok());
    const auto fd = ready_eventfd();
    int calls = 0;
    EventLoop::Id id = 0;
    id = *loop->add(fd.get(), EPOLLIN, [&](std::uint32_t) {
        ++calls;
        loop->remove(id);
        loop->post([&] { loop->stop(); });
    });
    loop->run();
    REQUIRE(calls == 1);
}

TEST_CASE("A callback that removes another entry keeps it from being called") {
    auto loop = EventLoop::create();
    const auto first = ready_eventfd();
    const auto second = ready_eventfd();
    int calls = 0;
    std::array<EventLoop::Id, 2> ids{};
    const auto callback = [&](std::size_t other) {
        return [&calls, &ids, &loop, other](std::uint32_t) {
            ++calls;
            loop->remove(ids.at(other));
            loop->stop();
        };
    };
    ids[0] = *loop->add(first.get(), EPOLLIN, callback(1));
    ids[1] = *loop->add(second.get(), EPOLLIN, callback(0));
    loop->run();
    REQUIRE(calls == 1);
}

TEST_CASE("A paused entry is not called until it is resumed") {
    auto loop = EventLoop::create();
    const auto fd = ready_eventfd();
    int calls = 0;
    const auto id = *loop->add(fd.get(), EPOLLIN, [&](std::uint32_t) {
        ++calls;
        loop->stop();
    });
    loop->modify(id, 0);
    loop->post([&] {
        REQUIRE(calls == 0);
        loop->modify(id, EPOLLIN);
    });
    loop->run();
    REQUIRE(calls == 1);
}

TEST_CASE("Tasks posted by another thread run on the loop's thread, and stop ends it") {
    auto loop = EventLoop::create();
    std::thread::id ran_on;
    std::thread other([&] {
        loop->post([&] { ran_on = std::this_thread::get_id(); });
        loop->stop();
    });
    loop->run();
    other.join();
    REQUIRE(ran_on == std::this_thread::get_id());
}

TEST_CASE("call() runs the task at once on the loop's own thread") {
    auto loop = EventLoop::create();
    bool ran = false;
    loop->call([&] { ran = true; });
    REQUIRE(ran);
}

TEST_CASE("call() from another thread waits for the loop to run the task") {
    auto loop = EventLoop::create();
    std::thread::id ran_on;
    std::thread other([&] {
        loop->call([&] { ran_on = std::this_thread::get_id(); });
        loop->stop();
    });
    loop->run();
    other.join();
    REQUIRE(ran_on == std::this_thread::get_id());
}

TEST_CASE("call() is answered also by a loop that is stopped, before or after it has ended") {
    auto loop = EventLoop::create();
    loop->stop();
    int ran = 0;
    std::thread before([&] { loop->call([&] { ++ran; }); });
    loop->run();
    before.join();
    std::thread after([&] { loop->call([&] { ++ran; }); });
    after.join();
    REQUIRE(ran == 2);
}

namespace {

/// Has work a number of times, and some more at the moment when the loop wants to sleep.
class CountingPoller : public skiff::Poller {
  public:
    CountingPoller(int work, int late_work, EventLoop& loop)
        : work_(work), late_work_(late_work), loop_(loop) {}

    bool poll() override {
        ++polls;
        if (work_ == 0) {
            return false;
        }
        --work_;
        ++done;
        return true;
    }
    bool prepare_to_sleep() override {
        ++preparations;
        if (late_work_ != 0) {
            --late_work_;
            ++work_;
            return true;
        }
        loop_.stop();
        return false;
    }

    int polls = 0;
    int done = 0;
    int preparations = 0;

  private:
    int work_;
    int late_work_;
    EventLoop& loop_;
};

}  // namespace

TEST_CASE("A poller is polled while it has work, and looks once more before the loop sleeps") {
    auto loop = EventLoop::create();
    CountingPoller poller(3, 2, *loop);
    loop->post([&] { loop->start_polling(poller); });
    loop->run();
    CHECK(poller.done == 5);
    CHECK(poller.preparations == 3);
    CHECK(poller.polls == 5 + 3);
}

TEST_CASE("A poller that never ends does not keep other work from being done") {
    auto loop = EventLoop::create();
    class Endless : public skiff::Poller {
      public:
        bool poll() override { return true; }
        bool prepare_to_sleep() override { return false; }
    } poller;
    const auto fd = ready_eventfd();
    bool task_ran = false;
    const auto id = loop->add(fd.get(), EPOLLIN, [&](std::uint32_t) {
        if (task_ran) {
            loop->stop();
        }
    });
    REQUIRE(id.ok());
    loop->start_polling(poller);
    loop->post([&] { task_ran = true; });
    loop->run();
    REQUIRE(task_ran);
}

TEST_CASE("A poller is gone after stop_polling") {
    auto loop = EventLoop::create();
    CountingPoller poller(1, 0, *loop);
    loop->start_polling(poller);
    loop->stop_polling(poller);
    loop->post([&] { loop->stop(); });
    loop->run();
    REQUIRE(poller.polls == 0);
}
