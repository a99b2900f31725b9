// SPDX-License-Identifier: Apache-2.0
#include "base/token_bucket.h"

#include <catch2/catch.hpp>
#include <cstdint>

namespace skiff {
namespace {

using namespace std::chrono_literals;
using Time = TokenBucket::Time;

const Time kStart{1000s};

/// Takes as fast as it may for `span` of made-up time, waking `late` after each wait.
std::uint64_t taken_within(TokenBucket& bucket, std::uint64_t cost, std::chrono::nanoseconds span,
                           std::chrono::nanoseconds late = 0ns) {
    std::uint64_t taken = 0;
    for (Time now = kStart; now < kStart + span;) {
        const auto wait = bucket.wait_for(cost, now);
        if (wait == 0ns) {
            bucket.take(cost);
            taken += cost;
        } else {
            now += wait + late;
        }
    }
    return taken;
}

TEST_CASE("A token bucket holds its rate for any cost") {
    struct Case {
        std::uint64_t rate;
        std::uint64_t cost;
        std::chrono::nanoseconds late;
    };
    const auto row = GENERATE(values<Case>({
        {1000, 1, 0ns},                     // operations
        {10, 1, 0ns},                       // fewer than the burst has time for
        {1, 1, 0ns},                        // one a second
        {100'000'000, 4096, 0ns},           // bytes, small
        {100'000'000, 4096, 300us},         // a thread that is woken late
        {1'000'000, 1'048'576, 0ns},        // one request costs more than a second
        {100'000'000, 4'000'000'000, 2ms},  // and one much more
        {40'000'000'000, 512, 0ns},         // more than one a nanosecond-ish
        {3'000'000'001, 65536, 50us},
    }));
    INFO(row.rate << "/s in portions of " << row.cost);
    TokenBucket bucket(TokenBucket::Rate::per_second(row.rate), kStart);
    const auto span = row.cost / row.rate >= 1 ? 400s : 20s;
    const auto shorter = row.rate >= 1'000'000'000 ? std::chrono::nanoseconds(1s) / 4 : span;
    const auto taken = static_cast<double>(taken_within(bucket, row.cost, shorter, row.late));
    const double seconds = std::chrono::duration<double>(shorter).count();
    const double allowed = static_cast<double>(row.rate) * seconds;
    const double burst = static_cast<double>(row.rate) * 0.1;
    const double portion = static_cast<double>(row.cost);
    CHECK(taken <= allowed + burst + portion);
    CHECK(taken >= allowed * 0.99 - portion);
}

TEST_CASE("A token bucket is within 5 % of its rate after three seconds") {
    TokenBucket bucket(TokenBucket::Rate::per_second(20'000'000), kStart);
    const auto taken = static_cast<double>(taken_within(bucket, 4096, 3s, 100us));
    CHECK(taken == Approx(60'000'000).epsilon(0.05));
}

TEST_CASE("A token bucket lets a burst through after a pause, and no more") {
    TokenBucket bucket({.size = 100, .refill_time = 100ms, .one_time_burst = 0}, kStart);
    const Time later = kStart + 1h;
    int taken = 0;
    while (bucket.wait_for(1, later) == 0ns) {
        bucket.take(1);
        ++taken;
    }
    CHECK(taken == 100);
    CHECK(bucket.wait_for(1, later) > 0ns);
    CHECK(bucket.wait_for(1, later) <= 1ms);
}

TEST_CASE("What costs more than the burst begins when the bucket is full and leaves a debt") {
    TokenBucket bucket({.size = 100, .refill_time = 100ms, .one_time_burst = 0}, kStart);
    REQUIRE(bucket.wait_for(5000, kStart) == 0ns);
    bucket.take(5000);
    const auto wait = bucket.wait_for(1, kStart);
    CHECK(wait > 4890ms);
    CHECK(wait <= 4901ms);
}

TEST_CASE("A token bucket's wait is bounded, and enough") {
    TokenBucket bucket(TokenBucket::Rate::per_second(1), kStart);
    bucket.take(UINT64_MAX);
    CHECK(bucket.wait_for(1, kStart) == 1h);

    TokenBucket small(TokenBucket::Rate::per_second(3), kStart);
    small.take(1);
    const auto wait = small.wait_for(1, kStart);
    REQUIRE(wait > 0ns);
    CHECK(small.wait_for(1, kStart + wait) == 0ns);
}

TEST_CASE("A one-time burst is used first, and does not come back") {
    TokenBucket bucket({.size = 10, .refill_time = 10ms, .one_time_burst = 100}, kStart);
    const auto taken_at = [&bucket](Time now) {
        int taken = 0;
        while (bucket.wait_for(1, now) == 0ns) {
            bucket.take(1);
            ++taken;
        }
        return taken;
    };
    CHECK(taken_at(kStart) == 110);
    CHECK(taken_at(kStart + 1h) == 10);
}

TEST_CASE("What costs more than a one-time burst takes the rest from the bucket") {
    TokenBucket bucket({.size = 10, .refill_time = 10ms, .one_time_burst = 5}, kStart);
    REQUIRE(bucket.wait_for(15, kStart) == 0ns);
    bucket.take(15);
    CHECK(bucket.wait_for(1, kStart) > 0ns);
    CHECK(bucket.wait_for(10, kStart + 10ms) == 0ns);
}

TEST_CASE("A clock that stands still gives a token bucket nothing") {
    TokenBucket bucket({.size = 1, .refill_time = 1ms, .one_time_burst = 0}, kStart);
    bucket.take(1);
    const auto wait = bucket.wait_for(1, kStart);
    CHECK(wait > 0ns);
    CHECK(bucket.wait_for(1, kStart) == wait);
    CHECK(bucket.wait_for(1, kStart - 1s) == wait);
}

}  // namespace
}  // namespace skiff
