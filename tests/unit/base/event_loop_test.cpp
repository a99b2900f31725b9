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
