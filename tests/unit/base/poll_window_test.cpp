// SPDX-License-Identifier: Apache-2.0
#include "base/poll_window.h"

#include <catch2/catch.hpp>

using skiff::PollPolicy;
using skiff::PollWindow;
using namespace std::chrono_literals;

namespace {

/// Work, a pause, and work that woke the loop.
void pause(PollWindow& window, PollWindow::Clock::time_point& now,
           std::chrono::nanoseconds length) {
    window.worked(now);
    now += length;
    window.woken(now);
}

}  // namespace

TEST_CASE("An automatic window is empty until work comes soon after the loop slept") {
    PollWindow window({.limit = 64us});
    PollWindow::Clock::time_point now{};
    CHECK(window.length() == 0ns);
    window.worked(now);
    CHECK(window.is_over(now));
    for (int i = 0; i < 10; ++i) {
        pause(window, now, 50us);
    }
    CHECK(window.length() == 64us);
    window.worked(now);
    CHECK_FALSE(window.is_over(now + 63us));
    CHECK(window.is_over(now + 64us));
}

TEST_CASE("An automatic window shrinks to nothing where work comes late") {
    PollWindow window({.limit = 64us});
    PollWindow::Clock::time_point now{};
    for (int i = 0; i < 10; ++i) {
        pause(window, now, 10us);
    }
    REQUIRE(window.length() == 64us);
    pause(window, now, 1ms);
    CHECK(window.length() == 32us);
    for (int i = 0; i < 4; ++i) {
        pause(window, now, 1ms);
    }
    CHECK(window.length() == 0ns);
}

TEST_CASE("An automatic window rests where work comes only once the loop sleeps") {
    PollWindow window({.limit = 64us});
    PollWindow::Clock::time_point now{};
    const auto wait_in_vain = [&] { pause(window, now, window.length() + 20us); };
    int polled = 0;
    for (int i = 0; i < 1000; ++i) {
        wait_in_vain();
        polled += window.length() != 0ns ? 1 : 0;
    }
    CHECK(polled > 6);
    CHECK(polled < 50);

    // The other one has a processor of its own again: in the end, work is met by polling.
    for (int i = 0; i < 1100 && window.length() < 20us; ++i) {
        pause(window, now, 15us);
    }
    REQUIRE(window.length() >= 20us);
    for (int i = 0; i < 1000; ++i) {
        window.worked(now);
        now += 15us;
        REQUIRE_FALSE(window.is_over(now));
    }
}

TEST_CASE("A fixed window stays as it is") {
    PollWindow window({.kind = PollPolicy::Kind::kFixed, .limit = 10us});
    PollWindow::Clock::time_point now{};
    pause(window, now, 1ms);
    CHECK(window.length() == 10us);
    pause(window, now, 11us);
    CHECK(window.length() == 10us);
}
