// SPDX-License-Identifier: Apache-2.0
#include "devices/wall_clock.h"

#include <catch2/catch.hpp>

namespace skiff::devices {
namespace {

constexpr std::int64_t kLongOver = 1'700'000'000'000'000'000;  // in 2023

}  // namespace

TEST_CASE("Host wall clock: an alarm that was put off does not ring") {
    auto loop = EventLoop::create();
    REQUIRE(loop.ok());
    auto clock = HostWallClock::create(*loop);
    REQUIRE(clock.ok());
    unsigned rings = 0;
    (*clock)->on_alarm([&] {
        ++rings;
        loop->stop();
    });
    REQUIRE((*clock)->now_ns() > kLongOver);

    (*clock)->set_alarm(kLongOver);
    (*clock)->set_alarm(std::nullopt);
    loop->post([&] { loop->stop(); });
    loop->run();
    REQUIRE(rings == 0);
}

TEST_CASE("Host wall clock: an alarm that is over rings at once") {
    auto loop = EventLoop::create();
    REQUIRE(loop.ok());
    auto clock = HostWallClock::create(*loop);
    REQUIRE(clock.ok());
    unsigned rings = 0;
    (*clock)->on_alarm([&] {
        ++rings;
        loop->stop();
    });
    (*clock)->set_alarm(kLongOver);
    loop->run();
    REQUIRE(rings == 1);
}

}  // namespace skiff::devices
