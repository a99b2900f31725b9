// SPDX-License-Identifier: Apache-2.0
// The register file of the transport: identification, negotiation, the status machine, widths.
#include <catch2/catch.hpp>

#include "tests/support/transport_fixture.h"
#include "virtio/mmio/mmio_registers.h"

using namespace skiff;
using namespace skiff::virtio;
using namespace skiff::virtio::mmio;
using devices::Access;
using test::EchoDevice;
using test::TransportFixture;

TEST_CASE("A device says what it is") {
    TransportFixture fixture;
    auto driver = fixture.driver();
    CHECK(driver.read(kMagicValue) == 0x74726976);
    CHECK(driver.read(kVersion) == 2);
    CHECK(driver.read(kDeviceID) == 4);
    CHECK(driver.read(kVendorID) == kVendor);
    CHECK(driver.status() == 0);
    CHECK(driver.read(kInterruptStatus) == 0);
}

TEST_CASE("Queues say how large they may be, and queues that are not there say 0") {
    TransportFixture fixture;
    auto driver = fixture.driver();
    for (const auto& [queue, size] : {std::pair{0U, 8U}, {1U, 8U}, {2U, 0U}, {~0U, 0U}}) {
        driver.write(kQueueSel, queue);
        CHECK(driver.read(kQueueNumMax) == size);
        CHECK(driver.read(kQueueReady) == 0);
        CHECK(driver.read(kQueueReset) == 0);
    }
}

TEST_CASE("There is no shared memory") {
    TransportFixture fixture;
    auto driver = fixture.driver();
    driver.write(kSHMSel, 3);
    for (const std::uint32_t offset : {kSHMLenLow, kSHMLenHigh, kSHMBaseLow, kSHMBaseHigh}) {
        CHECK(driver.read(offset) == 0xffff'ffff);
    }
}

TEST_CASE("Offered are the device's features and the transport's") {
    TransportFixture fixture;
    auto driver = fixture.driver();
    CHECK(driver.offered_features() ==
          (EchoDevice::kFeatureA | EchoDevice::kFeatureB | VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX |
           VIRTIO_F_INDIRECT_DESC | VIRTIO_F_RING_RESET));
    driver.write(kDeviceFeaturesSel, 2);
    CHECK(driver.read(kDeviceFeatures) == 0);
}

TEST_CASE("FEATURES_OK stays unset where the driver's choice is not acceptable") {
    TransportFixture fixture;
    auto driver = fixture.driver();
    CHECK(driver.negotiate(VIRTIO_F_VERSION_1));
    CHECK(driver.negotiate(VIRTIO_F_VERSION_1 | EchoDevice::kFeatureA | EchoDevice::kFeatureB));
    CHECK(fixture.control.features ==
          (VIRTIO_F_VERSION_1 | EchoDevice::kFeatureA | EchoDevice::kFeatureB));
    CHECK_FALSE(driver.negotiate(EchoDevice::kFeatureA));                       // no VERSION_1
    CHECK_FALSE(driver.negotiate(VIRTIO_F_VERSION_1 | EchoDevice::kFeatureB));  // B needs A
    CHECK_FALSE(driver.negotiate(VIRTIO_F_VERSION_1 | (1ULL << 33)));           // not offered
    CHECK_FALSE(driver.negotiate(VIRTIO_F_VERSION_1 | (1ULL << 63)));
    driver.write(kStatus, 0);
    driver.write(kStatus, ACKNOWLEDGE | DRIVER);
    driver.write_features(VIRTIO_F_VERSION_1);
    driver.write(kDriverFeaturesSel, 2);
    driver.write(kDriverFeatures, 1);
    driver.write(kStatus, ACKNOWLEDGE | DRIVER | FEATURES_OK);
    CHECK(driver.status() == (ACKNOWLEDGE | DRIVER));
}

TEST_CASE("A refused choice can be mended without a reset, an accepted one not be changed") {
    TransportFixture fixture;
    auto driver = fixture.driver();
    REQUIRE_FALSE(driver.negotiate(EchoDevice::kFeatureA));
    driver.write_features(VIRTIO_F_VERSION_1);
    driver.write(kStatus, driver.status() | FEATURES_OK);
    REQUIRE((driver.status() & FEATURES_OK) != 0);
    driver.write_features(0);
    driver.driver_ok();
    CHECK((driver.status() & DRIVER_OK) != 0);
    CHECK(fixture.control.features == VIRTIO_F_VERSION_1);
}

TEST_CASE("Status bits that come out of order are not set") {
    struct Step {
        std::uint32_t write;
        std::uint32_t reads;
    };
    const std::vector<std::vector<Step>> cases = {
        {{DRIVER, 0}},
        {{FEATURES_OK, 0}},
        {{DRIVER_OK, 0}},
        {{ACKNOWLEDGE | DRIVER | DRIVER_OK, ACKNOWLEDGE | DRIVER}},
        {{ACKNOWLEDGE, ACKNOWLEDGE}, {FEATURES_OK, ACKNOWLEDGE}},
        {{ACKNOWLEDGE, ACKNOWLEDGE}, {DRIVER, ACKNOWLEDGE | DRIVER}},
        {{DEVICE_NEEDS_RESET, 0}},
        {{0xffff'ff30, 0}},
        {{FAILED, FAILED}, {ACKNOWLEDGE, FAILED | ACKNOWLEDGE}, {0, 0}},
    };
    for (const auto& steps : cases) {
        TransportFixture fixture;
        auto driver = fixture.driver();
        for (const Step& step : steps) {
            driver.write(kStatus, step.write);
            CHECK(driver.status() == step.reads);
        }
    }
}

TEST_CASE("Registers take 32-bit accesses only, and only where they are") {
    TransportFixture fixture;
    auto driver = fixture.driver();
    for (const std::size_t width : {1U, 2U, 8U}) {
        CHECK(driver.try_read(kMagicValue, width) == Access::kBadWidth);
        CHECK(driver.try_write(kStatus, width, ACKNOWLEDGE) == Access::kBadWidth);
    }
    CHECK(driver.status() == 0);
    CHECK(driver.try_read(kMagicValue + 1, 4) == Access::kUnknownRegister);
    CHECK(driver.try_read(kQueueSel, 4) == Access::kUnknownRegister);  // write-only
    CHECK(driver.try_write(kMagicValue, 4, 1) == Access::kUnknownRegister);
    CHECK(driver.try_read(0x0f8, 4) == Access::kUnknownRegister);
}

TEST_CASE("Every offset and width is answered, and leaves a device that works") {
    TransportFixture fixture;
    auto driver = fixture.driver();
    for (std::uint64_t offset = 0; offset < kWindowBytes; ++offset) {
        for (const std::size_t width : {1U, 2U, 4U, 8U}) {
            for (const std::uint64_t value : {0ULL, 1ULL, ~0ULL}) {
                driver.try_read(offset, width);
                driver.try_write(offset, width, value);
            }
        }
    }
    fixture.loop.run_until_idle();
    fixture.started();
    CHECK(fixture.control.starts == 1);
}

TEST_CASE("The configuration space is read and written by any width, and ends where it ends") {
    TransportFixture fixture;
    auto driver = fixture.driver();
    fixture.control.config = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    CHECK(driver.read_config(3, 4) == test::Bytes{4, 5, 6, 7});
    CHECK(driver.read(kConfig + 8) == 0x0c0b0a09);
    CHECK(driver.try_read(kConfig + 4, 8) == Access::kDone);
    CHECK(driver.try_read(kConfig + 9, 4) == Access::kUnknownRegister);
    CHECK(driver.try_read(kConfig + 12, 1) == Access::kUnknownRegister);
    CHECK(driver.try_write(kConfig + 2, 2, 0xaabb) == Access::kDone);
    CHECK(fixture.control.config[2] == 0xbb);
    CHECK(fixture.control.config[3] == 0xaa);
    CHECK(driver.try_write(kConfig + 11, 2, 0) == Access::kUnknownRegister);
}

TEST_CASE("A change of the configuration is a new generation and an interrupt") {
    TransportFixture fixture;
    auto driver = fixture.started();
    const auto generation = driver.read(kConfigGeneration);
    fixture.control.host->change_config([&fixture] { fixture.control.config[0] = 77; });
    CHECK(driver.read(kConfigGeneration) != generation);
    CHECK(driver.read_config(0, 1) == test::Bytes{77});
    CHECK(fixture.line.take() == 1);
    CHECK(driver.take_interrupts() == kConfigurationChangeNotification);
    CHECK(driver.take_interrupts() == 0);
}

TEST_CASE("A driver that is not ready is not interrupted") {
    TransportFixture fixture;
    auto driver = fixture.driver();
    REQUIRE(driver.negotiate(VIRTIO_F_VERSION_1));
    fixture.control.host->change_config([] {});
    fixture.control.host->needs_reset("a test wants it");
    CHECK(fixture.line.take() == 0);
    CHECK((driver.status() & DEVICE_NEEDS_RESET) != 0);
}
