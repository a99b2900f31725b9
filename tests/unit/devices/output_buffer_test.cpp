// SPDX-License-Identifier: Apache-2.0
#include "devices/host_side/output_buffer.h"

#include <catch2/catch.hpp>

#include <chrono>
#include <future>
#include <string>

#include "serial_fakes.h"

using namespace skiff::devices;
using skiff::devices::test::ThrottledOutput;

namespace {

constexpr std::size_t kCapacity = 64;
constexpr auto kDeadline = std::chrono::seconds(10);
// Long enough to see a wait that should not end; a wrong one fails, a right one only costs time.
constexpr auto kStillHeld = std::chrono::milliseconds(20);

void push(OutputBuffer& buffer, const std::string& text) {
    for (const char c : text) {
        buffer.push(static_cast<std::uint8_t>(c));
    }
}

bool ends(std::future<void>& done) {
    return done.wait_for(kDeadline) == std::future_status::ready;
}

}  // namespace

TEST_CASE("Output buffer passes bytes on at once while nothing waits") {
    ThrottledOutput output;
    OutputBuffer buffer(output, kCapacity);
    int waiting_calls = 0;
    buffer.set_callbacks([&] { ++waiting_calls; }, {});
    push(buffer, "hello");
    CHECK(output.text() == "hello");
    CHECK(buffer.waiting_bytes() == 0);
    CHECK(waiting_calls == 0);
}

TEST_CASE("Output buffer keeps the order of what went out, waits and comes") {
    ThrottledOutput output(2);
    OutputBuffer buffer(output, kCapacity);
    int waiting_calls = 0;
    buffer.set_callbacks([&] { ++waiting_calls; }, {});
    push(buffer, "abcde");
    CHECK(output.text() == "ab");
    CHECK(waiting_calls == 1);
    output.allow(1);
    push(buffer, "f");  // not before those that wait
    CHECK(output.text() == "ab");
    CHECK(buffer.drain());
    CHECK(output.text() == "abc");
    output.allow(ThrottledOutput::kUnlimited);
    CHECK_FALSE(buffer.drain());
    CHECK(output.text() == "abcdef");
    push(buffer, "g");
    CHECK(output.text() == "abcdefg");
}

TEST_CASE("Output buffer's ring wraps without losing or mixing bytes") {
    ThrottledOutput output(0);
    OutputBuffer buffer(output, kCapacity);
    std::string all;
    for (int round = 0; round < 50; ++round) {
        const std::string part(static_cast<std::size_t>(round % 40 + 1),
                               static_cast<char>('a' + round % 26));
        push(buffer, part);
        all += part;
        output.allow(part.size());
        (void)buffer.drain();
    }
    output.allow(ThrottledOutput::kUnlimited);
    CHECK_FALSE(buffer.drain());
    CHECK(output.text() == all);
    CHECK(buffer.dropped_bytes() == 0);
}

TEST_CASE("Output buffer is not ready at the bound and ready again at three quarters") {
    ThrottledOutput output(0);
    OutputBuffer buffer(output, kCapacity);
    int ready_calls = 0;
    buffer.set_callbacks({}, [&] { ++ready_calls; });
    push(buffer, std::string(kCapacity - 16, 'x'));
    CHECK(buffer.ready());
    push(buffer, "x");  // a FIFO's worth does not fit any more
    CHECK_FALSE(buffer.ready());
    output.allow(0);
    CHECK(buffer.drain());
    CHECK_FALSE(buffer.ready());
    CHECK(ready_calls == 0);
    output.allow(1);
    CHECK(buffer.drain());
    CHECK(buffer.ready());
    CHECK(ready_calls == 1);
}

TEST_CASE("Output buffer holds the guest that writes into a full buffer until there is room") {
    ThrottledOutput output(0);
    OutputBuffer buffer(output, kCapacity);
    push(buffer, std::string(kCapacity, 'x'));
    auto held = std::async(std::launch::async, [&] { push(buffer, "yz"); });
    CHECK(held.wait_for(kStillHeld) == std::future_status::timeout);
    output.allow(1);
    CHECK(buffer.drain());
    CHECK(held.wait_for(kStillHeld) == std::future_status::timeout);  // until three quarters
    output.allow(ThrottledOutput::kUnlimited);
    (void)buffer.drain();
    REQUIRE(ends(held));
    (void)buffer.drain();
    CHECK(output.text() == std::string(kCapacity, 'x') + "yz");
}

TEST_CASE("Output buffer's release lets every held guest go, and keeps what they wrote") {
    ThrottledOutput output(0);
    OutputBuffer buffer(output, kCapacity);
    push(buffer, std::string(kCapacity, 'x'));
    auto first = std::async(std::launch::async, [&] { push(buffer, "y"); });
    auto second = std::async(std::launch::async, [&] { push(buffer, "y"); });
    CHECK(first.wait_for(kStillHeld) == std::future_status::timeout);
    buffer.release();
    REQUIRE(ends(first));
    REQUIRE(ends(second));
    output.allow(ThrottledOutput::kUnlimited);
    CHECK_FALSE(buffer.drain());
    CHECK(output.text() == std::string(kCapacity, 'x') + "yy");
    CHECK(buffer.dropped_bytes() == 0);
}

TEST_CASE("Output buffer stays bounded when a released guest goes on writing") {
    ThrottledOutput output(0);
    OutputBuffer buffer(output, kCapacity);
    buffer.release();
    push(buffer, std::string(10'000, 'x'));
    const std::uint64_t kept = buffer.waiting_bytes();
    CHECK(kept >= kCapacity);
    CHECK(kept < 1000);
    CHECK(buffer.dropped_bytes() == 10'000 - kept);
}

TEST_CASE("Output buffer without a reader drops the oldest bytes, counts them, holds nobody") {
    ThrottledOutput output(0);
    OutputBuffer buffer(output, kCapacity);
    buffer.set_overflow(OutputBuffer::Overflow::kDropOldest);
    push(buffer, std::string(100, 'o') + std::string(kCapacity, 'n'));
    CHECK(buffer.ready());
    CHECK(buffer.dropped_bytes() == 100);
    output.allow(ThrottledOutput::kUnlimited);
    CHECK_FALSE(buffer.drain());
    CHECK(output.text() == std::string(kCapacity, 'n'));
}

TEST_CASE("Output buffer lets a held guest go when its reader leaves") {
    ThrottledOutput output(0);
    OutputBuffer buffer(output, kCapacity);
    int ready_calls = 0;
    buffer.set_callbacks({}, [&] { ++ready_calls; });
    push(buffer, std::string(kCapacity, 'x'));
    auto held = std::async(std::launch::async, [&] { push(buffer, "y"); });
    CHECK(held.wait_for(kStillHeld) == std::future_status::timeout);
    buffer.set_overflow(OutputBuffer::Overflow::kDropOldest);
    REQUIRE(ends(held));
    CHECK(ready_calls == 1);
    buffer.set_overflow(OutputBuffer::Overflow::kHoldGuest);
    CHECK_FALSE(buffer.ready());
}

TEST_CASE("Output buffer's observer sees every byte in order, also those that wait") {
    ThrottledOutput output(1);
    OutputBuffer buffer(output, kCapacity);
    std::string seen;
    buffer.set_observer(
        [&](std::span<const std::uint8_t> bytes) { seen.append(bytes.begin(), bytes.end()); });
    push(buffer, "panic");
    CHECK(seen == "panic");
}

TEST_CASE("Output buffer takes of an offer what goes out at once, and asks for the rest later") {
    ThrottledOutput output(5);
    OutputBuffer buffer(output, kCapacity);
    std::string left = "hello world";
    unsigned waits = 0;
    std::string seen;
    const auto offer = [&] {
        left.erase(0,
                   buffer.offer({reinterpret_cast<const std::uint8_t*>(left.data()), left.size()}));
    };
    buffer.set_callbacks([&] { ++waits; }, {});
    buffer.set_on_room(offer);
    buffer.set_observer(
        [&](std::span<const std::uint8_t> bytes) { seen.append(bytes.begin(), bytes.end()); });
    offer();
    CHECK(left == " world");
    CHECK(seen == "hello");
    CHECK(waits == 1);
    output.allow(2);
    CHECK(buffer.drain());
    CHECK(left == "orld");
    output.allow(ThrottledOutput::kUnlimited);
    CHECK_FALSE(buffer.drain());
    CHECK(left.empty());
    CHECK(output.text() == "hello world");
    CHECK(seen == "hello world");
}

TEST_CASE("Output buffer keeps the order of pushed and offered bytes") {
    ThrottledOutput output(0);
    OutputBuffer buffer(output, kCapacity);
    std::string left = "offered";
    const auto offer = [&] {
        left.erase(0,
                   buffer.offer({reinterpret_cast<const std::uint8_t*>(left.data()), left.size()}));
    };
    buffer.set_on_room(offer);
    push(buffer, "pushed ");
    output.allow(ThrottledOutput::kUnlimited);
    offer();
    CHECK(left == "offered");
    CHECK_FALSE(buffer.drain());
    CHECK(output.text() == "pushed offered");
}

TEST_CASE("Output buffer without a reader takes offers whole, and keeps the newest bytes") {
    ThrottledOutput output(0);
    OutputBuffer buffer(output, kCapacity);
    std::string left = std::string(kCapacity, 'x') + "newest";
    const auto offer = [&] {
        left.erase(0,
                   buffer.offer({reinterpret_cast<const std::uint8_t*>(left.data()), left.size()}));
    };
    buffer.set_on_room(offer);
    offer();
    CHECK_FALSE(left.empty());
    buffer.set_overflow(OutputBuffer::Overflow::kDropOldest);  // the reader left
    CHECK(left.empty());
    output.allow(ThrottledOutput::kUnlimited);
    CHECK_FALSE(buffer.drain());
    CHECK(output.text().size() == kCapacity);
    CHECK(output.text().ends_with("newest"));
}

TEST_CASE("Output buffer drops what must not wait, and counts it") {
    ThrottledOutput output(0);
    OutputBuffer buffer(output, kCapacity);
    for (std::size_t i = 0; i < kCapacity + 3; ++i) {
        buffer.push_or_drop('e');
    }
    CHECK(buffer.waiting_bytes() == kCapacity);
    CHECK(buffer.dropped_bytes() == 3);
}
