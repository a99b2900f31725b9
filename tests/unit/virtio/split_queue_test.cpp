// SPDX-License-Identifier: Apache-2.0
#include "virtio/queue/split_queue.h"

#include <catch2/catch.hpp>
#include <vector>

#include "tests/support/driver_queue.h"
#include "tests/support/small_guest.h"

using skiff::GuestAddress;
using skiff::kMiB;
using skiff::test::Bytes;
using skiff::test::DriverQueue;
using skiff::virtio::DescriptorChain;
using skiff::virtio::SplitQueue;

namespace {

constexpr std::uint16_t kSize = 8;

/// A driver and a device that look at the same queue.
struct Pair {
    explicit Pair(skiff::virtio::QueueFeatures features = {})
        : driver(memory, GuestAddress(0x1000), kMiB - 0x1000, kSize),
          device(memory, driver.layout(), features) {}

    /// Pops a chain that must be there and completes it.
    void serve(std::uint32_t written_bytes = 0) {
        auto chain = device.pop();
        REQUIRE(chain.has_value());
        device.complete(std::move(*chain), written_bytes);
    }

    skiff::GuestMemory memory = skiff::test::small_guest();
    DriverQueue driver;
    SplitQueue device;
};

}  // namespace

TEST_CASE("A queue without available chains gives none") {
    Pair pair;
    CHECK_FALSE(pair.device.has_available());
    CHECK_FALSE(pair.device.pop().has_value());
    CHECK_FALSE(pair.device.error().has_value());
}

TEST_CASE("A chain has the driver's readable bytes and takes the device's") {
    const bool indirect = GENERATE(false, true);
    Pair pair({.indirect_descriptors = true});
    auto builder = pair.driver.chain();
    builder.readable({1, 2, 3}).readable({4, 5}).writable(4).writable(3);
    if (indirect) {
        builder.indirect();
    }
    const auto submitted = builder.submit();

    auto chain = pair.device.pop();
    REQUIRE(chain.has_value());
    CHECK(chain->head() == submitted.head);
    CHECK(chain->readable_bytes() == 5);
    CHECK(chain->writable_bytes() == 7);
    Bytes first(4);
    REQUIRE(chain->read(first));
    CHECK(first == Bytes{1, 2, 3, 4});
    CHECK(chain->readable().size() == 1);
    CHECK(chain->readable_bytes() == 1);
    auto status = chain->take_last_writable_byte();
    REQUIRE(status.has_value());
    REQUIRE(chain->write(Bytes{9, 8, 7, 6, 5}));
    CHECK(chain->writable_bytes() == 1);
    status->store(42);
    pair.device.complete(std::move(*chain), 7);

    CHECK_FALSE(pair.driver.take_used().has_value());
    CHECK(pair.device.publish());
    CHECK(pair.driver.take_used() == DriverQueue::Used{submitted.head, 7});
    CHECK(pair.driver.written(submitted) == Bytes{9, 8, 7, 6, 5, 0xcc, 42});
}

TEST_CASE("Reading or writing more than a chain has left does nothing") {
    Pair pair;
    pair.driver.chain().readable({1, 2}).writable(2).submit();
    auto chain = pair.device.pop();
    REQUIRE(chain.has_value());
    Bytes three(3);
    CHECK_FALSE(chain->read(three));
    CHECK_FALSE(chain->write(three));
    CHECK(chain->readable_bytes() == 2);
    CHECK(chain->writable_bytes() == 2);
    chain->take_last_writable_byte();
    chain->take_last_writable_byte();
    CHECK_FALSE(chain->take_last_writable_byte().has_value());
    CHECK(chain->writable().empty());
    pair.device.abandon(std::move(*chain));
}

TEST_CASE("Empty buffers are no part of a chain") {
    Pair pair;
    pair.driver.chain().readable({}).readable({7}).writable(0).submit();
    auto chain = pair.device.pop();
    REQUIRE(chain.has_value());
    CHECK(chain->readable().size() == 1);
    CHECK(chain->writable().empty());
    pair.device.abandon(std::move(*chain));
}

TEST_CASE("Ordinary descriptors may come before an indirect table") {
    Pair pair({.indirect_descriptors = true});
    const auto inner = pair.driver.chain().writable(8).indirect().write_descriptors();
    const GuestAddress header = pair.driver.allocate(4);
    pair.driver.set_descriptor(7, {.addr = header.value(),
                                   .len = 4,
                                   .flags = skiff::virtio::VIRTQ_DESC_F_NEXT,
                                   .next = inner.head});
    pair.driver.make_available(7);
    auto chain = pair.device.pop();
    REQUIRE(chain.has_value());
    CHECK(chain->readable_bytes() == 4);
    CHECK(chain->writable_bytes() == 8);
    pair.device.abandon(std::move(*chain));
}

TEST_CASE("An indirect table may be as long as the queue, and lie at an odd address") {
    Pair pair({.indirect_descriptors = true});
    const GuestAddress table(pair.driver.allocate(16 * kSize + 1).value() + 1);
    const GuestAddress buffer = pair.driver.allocate(kSize);
    for (std::uint16_t i = 0; i < kSize; ++i) {
        const bool last = i + 1 == kSize;
        REQUIRE(pair.memory.write(
            GuestAddress(table.value() + 16ULL * i),
            skiff::virtio::Descriptor{
                .addr = buffer.value() + i,
                .len = 1,
                .flags = last ? std::uint16_t{0} : skiff::virtio::VIRTQ_DESC_F_NEXT,
                .next = static_cast<std::uint16_t>(i + 1)}));
    }
    pair.driver.set_descriptor(
        0, {table.value(), 16 * kSize, skiff::virtio::VIRTQ_DESC_F_INDIRECT, 0});
    pair.driver.make_available(0);
    auto chain = pair.device.pop();
    REQUIRE(chain.has_value());
    CHECK(chain->readable_bytes() == kSize);
    pair.device.abandon(std::move(*chain));
}

TEST_CASE("Chains completed out of order come back by their heads, all in one store") {
    Pair pair;
    const auto first = pair.driver.chain().readable({1}).submit();
    const auto second = pair.driver.chain().readable({2}).submit();
    auto a = pair.device.pop();
    auto b = pair.device.pop();
    REQUIRE((a.has_value() && b.has_value()));
    CHECK(pair.device.in_flight() == 2);
    pair.device.complete(std::move(*b), 0);
    pair.device.complete(std::move(*a), 0);
    CHECK(pair.driver.used_idx() == 0);
    CHECK(pair.device.publish());
    CHECK(pair.driver.take_used() == DriverQueue::Used{second.head, 0});
    CHECK(pair.driver.take_used() == DriverQueue::Used{first.head, 0});
    CHECK(pair.device.in_flight() == 0);
}

TEST_CASE("Indices wrap around 65536") {
    Pair pair;
    for (unsigned i = 0; i < 65536 + 3; ++i) {
        const auto chain = pair.driver.chain().readable_at(GuestAddress(0x800), 1).submit();
        pair.serve(i % 7);
        REQUIRE(pair.device.publish());
        REQUIRE(pair.driver.take_used() == DriverQueue::Used{chain.head, i % 7});
    }
}

TEST_CASE("Nothing is published twice, and nothing wants no interrupt") {
    Pair pair;
    CHECK_FALSE(pair.device.publish());
    pair.driver.chain().readable({1}).submit();
    pair.serve();
    CHECK(pair.device.publish());
    CHECK_FALSE(pair.device.publish());
}

TEST_CASE("NO_INTERRUPT keeps interrupts away, used entries still appear") {
    Pair pair;
    pair.driver.set_avail_flags(skiff::virtio::VIRTQ_AVAIL_F_NO_INTERRUPT);
    pair.driver.chain().readable({1}).submit();
    pair.serve();
    CHECK_FALSE(pair.device.publish());
    CHECK(pair.driver.take_used().has_value());
}

TEST_CASE("With EVENT_IDX an interrupt comes when used_event is passed, once") {
    Pair pair({.event_idx = true});
    pair.driver.set_used_event(2);  // after the third entry
    const auto submit_and_serve = [&pair](unsigned count) {
        for (unsigned i = 0; i < count; ++i) {
            pair.driver.chain().readable_at(GuestAddress(0x800), 1).submit();
            pair.serve();
        }
        const bool wanted = pair.device.publish();
        while (pair.driver.take_used().has_value()) {
        }
        return wanted;
    };
    CHECK_FALSE(submit_and_serve(2));
    CHECK(submit_and_serve(1));
    CHECK_FALSE(submit_and_serve(1));
    pair.driver.set_used_event(5);
    CHECK(submit_and_serve(4));  // 4 to 7: passes 5 in the middle of a batch
    CHECK_FALSE(submit_and_serve(1));
}

TEST_CASE("Notifications are asked for with what came before the driver could know") {
    const bool event_idx = GENERATE(false, true);
    Pair pair({.event_idx = event_idx});
    pair.device.disable_notifications();
    if (!event_idx) {
        CHECK(pair.driver.used_flags() == skiff::virtio::VIRTQ_USED_F_NO_NOTIFY);
    }
    pair.driver.chain().readable({1}).submit();
    CHECK(pair.device.enable_notifications());
    pair.serve();
    CHECK_FALSE(pair.device.enable_notifications());
    CHECK(pair.driver.used_flags() == 0);
    CHECK(pair.driver.avail_event() == (event_idx ? 1 : 0));
}
