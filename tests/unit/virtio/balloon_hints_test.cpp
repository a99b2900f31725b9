// SPDX-License-Identifier: Apache-2.0
// Free page hinting (VIRTIO 1.2, 5.5.6.5).
#include <sys/mman.h>

#include <catch2/catch.hpp>
#include <functional>

#include "balloon_fixture.h"
#include "virtio/balloon/free_page_hints.h"

using namespace skiff;
using namespace skiff::virtio;
using namespace skiff::virtio::balloon;

namespace {

constexpr std::uint32_t kCommandId = 8;  // in the configuration space

struct HintFixture : BalloonFixture {
    HintFixture() : BalloonFixture(BalloonOptions{}) {
        start(kFreePageQueue,
              VIRTIO_F_VERSION_1 | VIRTIO_BALLOON_F_STATS_VQ | VIRTIO_BALLOON_F_FREE_PAGE_HINT);
    }

    FreePageHints& hints() { return device->hints(); }
    std::uint32_t command_id() { return config_field(*this, kCommandId); }

    bool send_id(std::uint32_t id) {
        auto chain = queue->chain();
        chain.readable(list_of({id}));
        return send(chain);
    }
    bool send_pages(std::uint32_t count = 1) {
        auto chain = queue->chain();
        chain.writable_at(GuestAddress(kFirstPage * kPageBytes),
                          count * static_cast<std::uint32_t>(kPageBytes));
        return send(chain);
    }
};

}  // namespace

TEST_CASE("A run of hints begins by a command id, and ends when the driver says STOP") {
    HintFixture fixture;
    CHECK(fixture.command_id() == VIRTIO_BALLOON_CMD_ID_STOP);
    fixture.line.take();
    REQUIRE(fixture.hints().start().ok());
    CHECK(fixture.driver->take_interrupts() == mmio::kConfigurationChangeNotification);
    const std::uint32_t id = fixture.command_id();
    CHECK(id > VIRTIO_BALLOON_CMD_ID_DONE);
    CHECK(fixture.send_id(id));
    CHECK(fixture.send_pages(3));
    CHECK(fixture.send_pages(2));
    CHECK(fixture.hints().is_running());
    CHECK(fixture.hints().hinted_bytes() == 5 * kPageBytes);
    (void)fixture.driver->take_interrupts();
    CHECK(fixture.send_id(VIRTIO_BALLOON_CMD_ID_STOP));
    CHECK((fixture.driver->take_interrupts() & mmio::kConfigurationChangeNotification) != 0);
    CHECK(fixture.command_id() == VIRTIO_BALLOON_CMD_ID_DONE);
    CHECK_FALSE(fixture.hints().is_running());
    CHECK(fixture.hints().hinted_bytes() == 5 * kPageBytes);
}

TEST_CASE("Hinted pages keep their content: their driver may have taken them back") {
    HintFixture fixture;
    fixture.dirty(kFirstPage, 2);
    REQUIRE(fixture.hints().start().ok());
    CHECK(fixture.send_id(fixture.command_id()));
    CHECK(fixture.send_pages(2));
    CHECK_FALSE(fixture.is_zero(kFirstPage));
    CHECK_FALSE(fixture.is_zero(kFirstPage + 1));
    CHECK(fixture.device->counters().hinted_bytes.value() == 2 * kPageBytes);
    CHECK(fixture.device->counters().refused_pages.value() == 0);
}

TEST_CASE("Hints are ignored that nobody asked for, or whose command is over") {
    HintFixture fixture;
    CHECK(fixture.send_pages());
    CHECK(fixture.send_id(2));
    CHECK(fixture.send_pages());
    CHECK(fixture.send_id(VIRTIO_BALLOON_CMD_ID_DONE));
    CHECK(fixture.send_pages());
    REQUIRE(fixture.hints().start().ok());
    CHECK(fixture.send_pages());  // no id before it
    const std::uint32_t id = fixture.command_id();
    CHECK(fixture.send_id(id + 1));
    CHECK(fixture.send_pages());
    CHECK(fixture.hints().hinted_bytes() == 0);
    CHECK(fixture.send_id(id));
    CHECK(fixture.send_pages());
    CHECK(fixture.hints().hinted_bytes() == kPageBytes);
    REQUIRE(fixture.hints().stop().ok());
    CHECK(fixture.command_id() == VIRTIO_BALLOON_CMD_ID_DONE);
    CHECK(fixture.send_pages());
    CHECK(fixture.hints().hinted_bytes() == kPageBytes);
}

TEST_CASE("A run that was ended and begun again is not ended by the STOP of the one before") {
    HintFixture fixture;
    REQUIRE(fixture.hints().start().ok());
    const std::uint32_t first = fixture.command_id();
    CHECK(fixture.send_id(first));
    REQUIRE(fixture.hints().stop().ok());
    REQUIRE(fixture.hints().start().ok());
    const std::uint32_t second = fixture.command_id();
    CHECK(second != first);
    CHECK(fixture.send_id(VIRTIO_BALLOON_CMD_ID_STOP));
    CHECK(fixture.command_id() == second);
    CHECK(fixture.send_id(second));
    CHECK(fixture.send_pages());
    CHECK(fixture.send_id(VIRTIO_BALLOON_CMD_ID_STOP));
    CHECK(fixture.command_id() == VIRTIO_BALLOON_CMD_ID_DONE);
    CHECK(fixture.hints().hinted_bytes() == kPageBytes);
}

TEST_CASE("A run needs a driver that gives hints, and no other run") {
    HintFixture fixture;
    CHECK_FALSE(fixture.hints().stop().ok());
    REQUIRE(fixture.hints().start().ok());
    CHECK_FALSE(fixture.hints().start().ok());
    fixture.start(kFreePageQueue, VIRTIO_F_VERSION_1);
    const auto refused = fixture.hints().start();
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().message().find("no balloon driver") != std::string::npos);
    CHECK(fixture.command_id() == VIRTIO_BALLOON_CMD_ID_STOP);
}

TEST_CASE("Command ids of another size than 4 bytes are malformed") {
    for (const std::size_t size : {1U, 3U, 5U, 8U}) {
        CAPTURE(size);
        HintFixture fixture;
        auto chain = fixture.queue->chain();
        chain.readable(Bytes(size));
        CHECK_FALSE(fixture.send(chain));
        CHECK((fixture.driver->status() & DEVICE_NEEDS_RESET) != 0);
    }
}

TEST_CASE("A reset ends a run of hints") {
    HintFixture fixture;
    REQUIRE(fixture.hints().start().ok());
    CHECK(fixture.send_id(fixture.command_id()));
    CHECK(fixture.send_pages());
    fixture.driver->write(mmio::kStatus, 0);
    CHECK(fixture.command_id() == VIRTIO_BALLOON_CMD_ID_STOP);
    CHECK_FALSE(fixture.hints().is_running());
    CHECK(fixture.hints().hinted_bytes() == 0);
    CHECK_FALSE(fixture.hints().start().ok());
}
