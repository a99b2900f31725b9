// SPDX-License-Identifier: Apache-2.0
#include "base/rate_limiter.h"

#include <catch2/catch.hpp>
#include <cstdint>

namespace skiff {
namespace {

using namespace std::chrono_literals;
using Rate = TokenBucket::Rate;

const RateLimiter::Time kStart{1000s};

TEST_CASE("Limits on bytes and operations hold together") {
    const auto taken = [&](std::uint64_t bytes) {
        RateLimiter limiter(
            {.bytes = Rate::per_second(1'000'000), .operations = Rate::per_second(100)}, kStart);
        std::uint64_t count = 0;
        for (auto now = kStart; now < kStart + 10s;) {
            const auto wait = limiter.take(bytes, now);
            count += wait.count() == 0 ? 1U : 0U;
            now += wait;
        }
        return static_cast<double>(count);
    };
    CHECK(taken(512) == Approx(1000).epsilon(0.05));
    CHECK(taken(100'000) == Approx(100).epsilon(0.05));
    CHECK(taken(0) == Approx(1000).epsilon(0.05));
}

TEST_CASE("Whoever waits for a rate limiter learns soon that its limits have changed") {
    RateLimiter limiter({.bytes = Rate::per_second(1), .operations = {}}, kStart);
    REQUIRE(limiter.take(1'000'000, kStart) == 0ns);
    CHECK(limiter.take(1, kStart) == RateLimiter::kLongestWait);
    limiter.set({}, kStart);
    CHECK_FALSE(limiter.any());
    CHECK(limiter.take(1'000'000, kStart) == 0ns);
    limiter.set({.bytes = {}, .operations = Rate::per_second(1)}, kStart);
    CHECK(limiter.any());
    CHECK(limiter.take(0, kStart) == 0ns);
    CHECK(limiter.take(0, kStart) > 0ns);
}

TEST_CASE("What is charged afterwards leaves a debt of bytes and of operations") {
    RateLimiter limiter({.bytes = Rate::per_second(1000), .operations = Rate::per_second(1000)},
                        kStart);
    REQUIRE(limiter.wait(kStart) == 0ns);
    limiter.charge(150);  // the bucket had 100
    CHECK(limiter.wait(kStart) > 49ms);
    CHECK(limiter.wait(kStart + 52ms) == 0ns);
    for (int i = 0; i < 101; ++i) {
        limiter.charge(0);
    }
    CHECK(limiter.wait(kStart + 52ms) > 0ns);
    CHECK(limiter.wait(kStart + 55ms) == 0ns);
}

}  // namespace
}  // namespace skiff
