// SPDX-License-Identifier: Apache-2.0
#include "virtio/balloon/balloon_device.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <functional>

#include "balloon_fixture.h"

using namespace skiff;
using namespace skiff::virtio;
using namespace skiff::virtio::balloon;
TEST_CASE("Inflating gives whole pages back to the host, neighbours at once and in any order") {
    BalloonFixture fixture;
    fixture.start(kInflateQueue);
    fixture.dirty(kFirstPage, 8);
    auto chain = fixture.queue->chain();
    chain.readable(list_of({kFirstPage + 2, kFirstPage, kFirstPage + 1, kFirstPage + 6}));
    CHECK(fixture.send(chain));
    for (const std::uint64_t page : {0U, 1U, 2U, 6U}) {
        CHECK(fixture.is_zero(kFirstPage + page));
    }
    for (const std::uint64_t page : {3U, 4U, 5U, 7U}) {
        CHECK_FALSE(fixture.is_zero(kFirstPage + page));
    }
    CHECK(fixture.device->counters().inflated_bytes.value() == 4 * kPageBytes);
    CHECK(fixture.device->counters().refused_pages.value() == 0);
}

TEST_CASE("Pages that are no memory, or come twice, are survived") {
    BalloonFixture fixture;
    fixture.start(kInflateQueue);
    fixture.dirty(kFirstPage);
    fixture.dirty(255);  // the last page of low RAM; 256 is none
    auto chain = fixture.queue->chain();
    chain.readable(list_of({kFirstPage, kFirstPage, 256, 0xd0000, 0xffff'ffff, 255}));
    CHECK(fixture.send(chain));
    CHECK(fixture.is_zero(kFirstPage));
    CHECK(fixture.is_zero(255));
    CHECK(fixture.device->counters().inflated_bytes.value() == 2 * kPageBytes);
    CHECK(fixture.device->counters().refused_pages.value() == 3);
}

TEST_CASE("A driver may put its own rings into the balloon, to its own harm only") {
    BalloonFixture fixture;
    fixture.start(kInflateQueue);
    auto chain = fixture.queue->chain();
    chain.readable(list_of({1, 2, 3, 4}));
    chain.submit();
    fixture.notify();
    fixture.start(kInflateQueue);
    fixture.dirty(kFirstPage);
    auto again = fixture.queue->chain();
    again.readable(list_of({kFirstPage}));
    CHECK(fixture.send(again));
}

TEST_CASE("Deflating is answered, and costs nothing") {
    BalloonFixture fixture;
    fixture.start(kDeflateQueue);
    fixture.dirty(kFirstPage);
    auto chain = fixture.queue->chain();
    chain.readable(list_of({kFirstPage, 0xffff'ffff}));
    CHECK(fixture.send(chain));
    CHECK_FALSE(fixture.is_zero(kFirstPage));
    CHECK(fixture.device->counters().deflated_pages.value() == 2);
}

TEST_CASE("Lists that are none are malformed") {
    struct MalformedCase {
        const char* what;
        std::function<void(test::ChainBuilder&)> build;
    };
    const std::vector<MalformedCase> cases = {
        {"no list at all", [](test::ChainBuilder& chain) { chain.writable(4); }},
        {"half a number", [](test::ChainBuilder& chain) { chain.readable(Bytes(6)); }},
        {"a list of a size that no driver needs",
         [](test::ChainBuilder& chain) { chain.readable(Bytes(64 * 1024 + 4)); }},
    };
    for (const std::uint32_t index : {kInflateQueue, kDeflateQueue}) {
        for (const MalformedCase& malformed : cases) {
            DYNAMIC_SECTION(malformed.what << " in queue " << index) {
                BalloonFixture fixture;
                fixture.start(index);
                auto chain = fixture.queue->chain();
                malformed.build(chain);
                CHECK_FALSE(fixture.send(chain));
                CHECK((fixture.driver->status() & DEVICE_NEEDS_RESET) != 0);
            }
        }
    }
}

TEST_CASE("Reported pages go to the host, whole ones only") {
    BalloonFixture fixture;
    fixture.start(kReportingQueue);
    fixture.dirty(kFirstPage, 8);
    auto chain = fixture.queue->chain();
    chain.writable_at(GuestAddress(kFirstPage * kPageBytes), 2 * kPageBytes)
        .writable_at(GuestAddress((kFirstPage + 4) * kPageBytes + 100), 2 * kPageBytes);
    CHECK(fixture.send(chain));
    CHECK(fixture.is_zero(kFirstPage));
    CHECK(fixture.is_zero(kFirstPage + 1));
    CHECK_FALSE(fixture.is_zero(kFirstPage + 4));
    CHECK(fixture.is_zero(kFirstPage + 5));
    CHECK_FALSE(fixture.is_zero(kFirstPage + 6));
    CHECK(fixture.device->counters().reported_bytes.value() == 3 * kPageBytes);
}

TEST_CASE("Reported pages keep the driver's poison") {
    BalloonFixture fixture;
    fixture.driver.emplace(*fixture.transport);
    fixture.start(kReportingQueue, kAll | VIRTIO_BALLOON_F_PAGE_POISON);
    fixture.driver->write(mmio::kConfig + 12, 0x5a5a5a5a);
    fixture.dirty(kFirstPage);
    auto chain = fixture.queue->chain();
    chain.writable_at(GuestAddress(kFirstPage * kPageBytes), kPageBytes);
    CHECK(fixture.send(chain));
    CHECK_FALSE(fixture.is_zero(kFirstPage));
}

TEST_CASE("Poison counts only where it was negotiated") {
    BalloonFixture fixture;
    fixture.start(kReportingQueue);
    fixture.driver->write(mmio::kConfig + 12, 0x5a5a5a5a);
    fixture.dirty(kFirstPage);
    auto chain = fixture.queue->chain();
    chain.writable_at(GuestAddress(kFirstPage * kPageBytes), kPageBytes);
    CHECK(fixture.send(chain));
    CHECK(fixture.is_zero(kFirstPage));
}

TEST_CASE("Reporting is there only where it was asked for, with the queues before it") {
    BalloonFixture with;
    BalloonFixture without(BalloonOptions{});
    with.driver.emplace(*with.transport);
    without.driver.emplace(*without.transport);
    CHECK((without.driver->offered_features() & VIRTIO_BALLOON_F_PAGE_REPORTING) == 0);
    without.driver->write(mmio::kQueueSel, kReportingQueue);
    CHECK(without.driver->read(mmio::kQueueNumMax) == 0);
    CHECK_FALSE(with.driver->negotiate(VIRTIO_F_VERSION_1 | VIRTIO_BALLOON_F_PAGE_REPORTING));
    CHECK(with.driver->negotiate(kAll));
}

TEST_CASE("The target is in the configuration space, and changes while the driver runs") {
    BalloonFixture fixture({.size_bytes = 5 * kPageBytes + 1, .deflate_on_oom = true});
    fixture.start(kInflateQueue, VIRTIO_F_VERSION_1);
    CHECK((fixture.driver->offered_features() & VIRTIO_BALLOON_F_DEFLATE_ON_OOM) != 0);
    CHECK(config_field(fixture, 0) == 5);
    fixture.line.take();
    fixture.device->set_size(9 * kPageBytes);
    CHECK(fixture.line.take() == 1);
    CHECK(fixture.driver->take_interrupts() == mmio::kConfigurationChangeNotification);
    CHECK(config_field(fixture, 0) == 9);
    fixture.device->set_size(std::numeric_limits<std::uint64_t>::max());
    CHECK(config_field(fixture, 0) == 0xffff'ffff);
}

TEST_CASE("The driver writes how large the balloon is, and nothing else") {
    BalloonFixture fixture({.size_bytes = 5 * kPageBytes});
    fixture.start(kInflateQueue, VIRTIO_F_VERSION_1);
    for (const std::uint32_t offset : {0U, 4U, 8U}) {
        fixture.driver->write(mmio::kConfig + offset, 77);
    }
    fixture.driver->try_write(mmio::kConfig + 4, 1, 99);
    fixture.driver->try_write(mmio::kConfig + 3, 4, 99);
    CHECK(config_field(fixture, 0) == 5);
    CHECK(config_field(fixture, 4) == 77);
    CHECK(config_field(fixture, 8) == VIRTIO_BALLOON_CMD_ID_STOP);
    CHECK(fixture.device->actual_bytes() == 77 * kPageBytes);
}

TEST_CASE("A reset empties what the driver wrote, and leaves the target") {
    BalloonFixture fixture({.size_bytes = 5 * kPageBytes, .free_page_reporting = true});
    fixture.start(kStatsQueue);
    fixture.driver->write(mmio::kConfig + 4, 77);
    fixture.driver->write(mmio::kConfig + 12, 88);
    Bytes stat(10);
    stat[0] = 4;
    stat[2] = 1;
    fixture.queue->chain().readable(stat).submit();
    fixture.notify();
    REQUIRE(fixture.device->statistics().values[4] == 1U);
    fixture.driver->write(mmio::kStatus, 0);
    CHECK(config_field(fixture, 0) == 5);
    CHECK(config_field(fixture, 4) == 0);
    CHECK(config_field(fixture, 12) == 0);
    CHECK_FALSE(fixture.device->statistics().values[4].has_value());
}

TEST_CASE("Statistics are read from the driver's buffer, which is kept") {
    BalloonFixture fixture;
    fixture.start(kStatsQueue);
    Bytes stats;
    const auto add = [&stats](std::uint16_t tag, std::uint64_t value) {
        const Stat stat{tag, value};
        const auto* const bytes = reinterpret_cast<const std::uint8_t*>(&stat);
        stats.insert(stats.end(), bytes, bytes + sizeof stat);
    };
    add(5, 1ULL << 40);
    add(4, 12345);
    add(999, 1);
    stats.push_back(0);  // half of another one
    fixture.queue->chain().readable(stats).submit();
    fixture.notify();
    CHECK(fixture.queue->used_idx() == 0);
    CHECK(fixture.device->statistics().values[5] == 1ULL << 40);
    CHECK(fixture.device->statistics().values[4] == 12345U);
    CHECK_FALSE(fixture.device->statistics().values[0].has_value());
    // 5.5.6.3: at most one buffer at a time.
    fixture.queue->chain().readable(stats).submit();
    fixture.notify();
    CHECK((fixture.driver->status() & DEVICE_NEEDS_RESET) != 0);
}

TEST_CASE("Statistics are asked for again when their time has come") {
    BalloonFixture fixture({.stats_interval = std::chrono::milliseconds(1)});
    fixture.start(kStatsQueue, VIRTIO_F_VERSION_1 | VIRTIO_BALLOON_F_STATS_VQ);
    for (std::uint16_t round = 1; round <= 3; ++round) {
        fixture.queue->chain().readable(Bytes(10)).submit();
        fixture.notify();
        while (fixture.queue->used_idx() !=
               round) {  // ctest's time limit ends a loop that never does
            fixture.loop.run_until_idle();
        }
        REQUIRE(fixture.queue->take_used().has_value());
    }
}
