// SPDX-License-Identifier: Apache-2.0
// A driver that breaks the rules of the split queue, a rule at a time.
#include <array>
#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "tests/support/driver_queue.h"
#include "tests/support/small_guest.h"
#include "virtio/queue/split_queue.h"

using skiff::GuestAddress;
using skiff::kGiB;
using skiff::kMiB;
using skiff::test::DriverQueue;
using skiff::virtio::Descriptor;
using skiff::virtio::QueueError;
using skiff::virtio::QueueLayout;
using skiff::virtio::SplitQueue;
using skiff::virtio::VIRTQ_DESC_F_INDIRECT;
using skiff::virtio::VIRTQ_DESC_F_NEXT;
using skiff::virtio::VIRTQ_DESC_F_WRITE;

namespace {

constexpr std::uint16_t kSize = 8;
constexpr std::uint64_t kBuffer = 0x800;

struct MaliciousCase {
    const char* what;
    QueueError error;
    std::function<void(DriverQueue&)> act;
};

/// Entries of an indirect table, and a chain of one descriptor that refers to it.
void submit_table(DriverQueue& driver, const std::vector<Descriptor>& entries, std::uint32_t bytes,
                  std::uint16_t flags = VIRTQ_DESC_F_INDIRECT) {
    const GuestAddress table = driver.allocate(sizeof(Descriptor) * entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
        REQUIRE(driver.memory().write(GuestAddress(table.value() + i * sizeof(Descriptor)),
                                      entries[i]));
    }
    driver.set_descriptor(0, {table.value(), bytes, flags, 1});
    driver.make_available(0);
}

void loop_of(DriverQueue& driver, std::uint16_t length) {
    for (std::uint16_t i = 0; i < length; ++i) {
        driver.set_descriptor(
            i, {kBuffer, 1, VIRTQ_DESC_F_NEXT, static_cast<std::uint16_t>((i + 1) % length)});
    }
    driver.make_available(0);
}

void one_buffer(DriverQueue& driver, std::uint64_t address, std::uint32_t size) {
    driver.chain().writable_at(GuestAddress(address), size).submit();
}

const std::vector<MaliciousCase> kCases = {
    {"an avail index that jumps by more than the size", QueueError::kAvailIndexJump,
     [](DriverQueue& driver) { driver.set_avail_idx(kSize + 1); }},
    {"an avail index that goes back", QueueError::kAvailIndexJump,
     [](DriverQueue& driver) { driver.set_avail_idx(0xffff); }},
    {"a head out of range", QueueError::kHeadOutOfRange,
     [](DriverQueue& driver) { driver.make_available(kSize); }},
    {"a next out of range", QueueError::kNextOutOfRange,
     [](DriverQueue& driver) {
         driver.set_descriptor(0, {kBuffer, 1, VIRTQ_DESC_F_NEXT, kSize});
         driver.make_available(0);
     }},
    {"a descriptor that is its own successor", QueueError::kChainTooLong,
     [](DriverQueue& driver) { loop_of(driver, 1); }},
    {"a loop through the whole table", QueueError::kChainTooLong,
     [](DriverQueue& driver) { loop_of(driver, kSize); }},
    {"a buffer behind the end of RAM", QueueError::kBufferOutsideMemory,
     [](DriverQueue& driver) { one_buffer(driver, kMiB, 1); }},
    {"a buffer across the end of RAM", QueueError::kBufferOutsideMemory,
     [](DriverQueue& driver) { one_buffer(driver, kMiB - 1, 2); }},
    {"a buffer that begins in one region and ends in the next", QueueError::kBufferOutsideMemory,
     [](DriverQueue& driver) { one_buffer(driver, 0, 0xffff'ffff); }},
    {"a buffer whose end wraps around", QueueError::kBufferOutsideMemory,
     [](DriverQueue& driver) { one_buffer(driver, 0xffff'ffff'ffff'fff0, 0x20); }},
    {"an empty buffer that is no memory", QueueError::kBufferOutsideMemory,
     [](DriverQueue& driver) { one_buffer(driver, 2 * kGiB, 0); }},
    {"a readable buffer after a writable one", QueueError::kReadableAfterWritable,
     [](DriverQueue& driver) {
         driver.chain()
             .writable_at(GuestAddress(kBuffer), 1)
             .readable_at(GuestAddress(kBuffer), 1)
             .submit();
     }},
    {"a readable buffer after an empty writable one", QueueError::kReadableAfterWritable,
     [](DriverQueue& driver) {
         driver.chain()
             .writable_at(GuestAddress(kBuffer), 0)
             .readable_at(GuestAddress(kBuffer), 1)
             .submit();
     }},
    {"an indirect table in an indirect table", QueueError::kIndirectNested,
     [](DriverQueue& driver) {
         submit_table(driver, {{kBuffer, 16, VIRTQ_DESC_F_INDIRECT, 0}}, 16);
     }},
    {"an indirect descriptor with a successor", QueueError::kIndirectWithNext,
     [](DriverQueue& driver) {
         submit_table(driver, {{kBuffer, 1, 0, 0}}, 16, VIRTQ_DESC_F_INDIRECT | VIRTQ_DESC_F_NEXT);
     }},
    {"an empty indirect table", QueueError::kIndirectTableLength,
     [](DriverQueue& driver) { submit_table(driver, {}, 0); }},
    {"an indirect table that ends inside a descriptor", QueueError::kIndirectTableLength,
     [](DriverQueue& driver) {
         submit_table(driver, {{kBuffer, 1, 0, 0}}, 17);
     }},
    {"an indirect table longer than the queue", QueueError::kIndirectTableLength,
     [](DriverQueue& driver) {
         submit_table(driver, {{kBuffer, 1, 0, 0}}, 16 * (kSize + 1));
     }},
    {"an indirect table of nearly 4 GiB", QueueError::kIndirectTableLength,
     [](DriverQueue& driver) {
         submit_table(driver, {{kBuffer, 1, 0, 0}}, 0xffff'fff0);
     }},
    {"an indirect table outside of RAM", QueueError::kIndirectOutsideMemory,
     [](DriverQueue& driver) {
         driver.set_descriptor(0, {kMiB - 8, 16, VIRTQ_DESC_F_INDIRECT, 0});
         driver.make_available(0);
     }},
    {"a successor outside of its indirect table", QueueError::kNextOutOfRange,
     [](DriverQueue& driver) {
         submit_table(driver, {{kBuffer, 1, VIRTQ_DESC_F_NEXT, 1}}, 16);
     }},
    {"a loop in an indirect table", QueueError::kChainTooLong,
     [](DriverQueue& driver) {
         submit_table(driver, {{kBuffer, 1, VIRTQ_DESC_F_NEXT, 0}}, 16);
     }},
};

}  // namespace

TEST_CASE("A broken rule latches the queue, and says which it was") {
    for (const MaliciousCase& attack : kCases) {
        DYNAMIC_SECTION(attack.what) {
            auto memory = skiff::test::small_guest();
            DriverQueue driver(memory, GuestAddress(0x1000), kMiB - 0x1000, kSize);
            SplitQueue device(memory, driver.layout(), {.indirect_descriptors = true});
            attack.act(driver);
            CHECK_FALSE(device.pop().has_value());
            REQUIRE(device.error().has_value());
            CHECK(skiff::virtio::describe(*device.error()) ==
                  skiff::virtio::describe(attack.error));
            // A good chain does not mend it, and it asks for no notifications.
            driver.set_avail_idx(0);
            driver.chain().readable({1}).submit();
            CHECK_FALSE(device.has_available());
            CHECK_FALSE(device.pop().has_value());
            CHECK_FALSE(device.enable_notifications());
        }
    }
}

TEST_CASE("Indirect tables are refused where they were not negotiated") {
    auto memory = skiff::test::small_guest();
    DriverQueue driver(memory, GuestAddress(0x1000), kMiB - 0x1000, kSize);
    SplitQueue device(memory, driver.layout(), {});
    driver.chain().readable({1}).indirect().submit();
    CHECK_FALSE(device.pop().has_value());
    CHECK(device.error() == QueueError::kIndirectNotNegotiated);
}

TEST_CASE("A driver that reuses descriptors in flight cannot make the device keep more chains") {
    auto memory = skiff::test::small_guest();
    DriverQueue driver(memory, GuestAddress(0x1000), kMiB - 0x1000, kSize);
    SplitQueue device(memory, driver.layout(), {});
    driver.set_descriptor(0, {kBuffer, 1, VIRTQ_DESC_F_WRITE, 0});
    std::vector<skiff::virtio::DescriptorChain> chains;
    for (unsigned i = 0; i < 3U * kSize; ++i) {
        driver.make_available(0);
        if (auto chain = device.pop()) {
            chains.push_back(std::move(*chain));
        }
    }
    CHECK(chains.size() == kSize);
    CHECK(device.error() == QueueError::kTooManyInFlight);
    for (auto& chain : chains) {
        device.abandon(std::move(chain));
    }
    CHECK(device.in_flight() == 0);
}

TEST_CASE("A chain of 4 GiB is refused, however it is put together") {
    const std::array ranges = {skiff::GuestRange{GuestAddress(0), 2 * kGiB}};
    auto memory = skiff::GuestMemory::create(ranges, {});
    REQUIRE(memory.ok());
    DriverQueue driver(*memory, GuestAddress(0x1000), kMiB, kSize);
    SplitQueue device(*memory, driver.layout(), {});
    const auto gib = static_cast<std::uint32_t>(kGiB);
    const auto base = GuestAddress(0);
    driver.chain()
        .writable_at(base, gib)
        .writable_at(base, gib)
        .writable_at(base, gib)
        .writable_at(base, gib - 1)
        .submit();
    auto chain = device.pop();
    REQUIRE(chain.has_value());
    CHECK(chain->writable_bytes() == 4 * kGiB - 1);
    device.abandon(std::move(*chain));
    driver.chain()
        .readable_at(base, gib)
        .writable_at(base, gib)
        .writable_at(base, 2 * gib)
        .submit();
    CHECK_FALSE(device.pop().has_value());
    CHECK(device.error() == QueueError::kChainTooLarge);
}

TEST_CASE("A queue's place and size are checked before it is used") {
    const auto memory = skiff::test::small_guest();
    const QueueLayout good{8, GuestAddress(0x1000), GuestAddress(0x2000), GuestAddress(0x3000)};
    const auto check = [&memory](QueueLayout layout) {
        return SplitQueue::check(memory, layout, 256);
    };
    CHECK_FALSE(check(good).has_value());

    for (const std::uint16_t size : std::array<std::uint16_t, 5>{0, 3, 255, 512, 65535}) {
        QueueLayout layout = good;
        layout.size = size;
        CHECK(check(layout) == QueueError::kSizeIsNotAPowerOfTwo);
    }
    QueueLayout layout = good;
    layout.descriptor_table = GuestAddress(0x1008);
    CHECK(check(layout) == QueueError::kMisalignedRing);
    layout = good;
    layout.avail_ring = GuestAddress(0x2001);
    CHECK(check(layout) == QueueError::kMisalignedRing);
    layout = good;
    layout.used_ring = GuestAddress(0x3002);
    CHECK(check(layout) == QueueError::kMisalignedRing);
    for (GuestAddress QueueLayout::*part :
         {&QueueLayout::descriptor_table, &QueueLayout::avail_ring, &QueueLayout::used_ring}) {
        for (const std::uint64_t address :
             std::array<std::uint64_t, 4>{kMiB, kMiB - 16, 0xd000'0000, 0xffff'ffff'ffff'fff0}) {
            layout = good;
            layout.*part = GuestAddress(address);
            CHECK(check(layout) == QueueError::kRingOutsideMemory);
        }
    }
}
