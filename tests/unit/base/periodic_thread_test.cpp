// SPDX-License-Identifier: Apache-2.0
#include "base/periodic_thread.h"

#include <catch2/catch.hpp>
#include <future>

using namespace skiff;
using namespace std::chrono_literals;

TEST_CASE("A periodic thread does its task again and again") {
    int count = 0;
    std::promise<void> thrice;
    PeriodicThread thread("test", 1ms, [&] {
        if (++count == 3) {
            thrice.set_value();
        }
    });
    CHECK(thrice.get_future().wait_for(20s) == std::future_status::ready);
}

TEST_CASE("A periodic thread ends at once, however long its period is") {
    int count = 0;
    const auto begin = std::chrono::steady_clock::now();
    {
        const PeriodicThread thread("test", 1h, [&] { ++count; });
    }
    CHECK(count == 0);
    CHECK(std::chrono::steady_clock::now() - begin < 1h);
}
