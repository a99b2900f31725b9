// SPDX-License-Identifier: Apache-2.0
// The devices that bare-metal test suites expect: pc-testdev and fw_cfg.
#include <catch2/catch.hpp>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "devices/fw_cfg.h"
#include "devices/pc_testdev.h"
#include "register_access.h"

namespace skiff::devices {
namespace {

using Bytes = std::vector<std::uint8_t>;

struct Recorded {
    std::vector<std::uint64_t> pages;
    std::vector<std::pair<unsigned, bool>> lines;
    PcTestdev device{{[this](GuestAddress page) { pages.push_back(page.value()); },
                      [this](unsigned line, bool level) { lines.emplace_back(line, level); }}};
};

Bytes read_bytes(BusDevice& device, std::uint64_t offset, std::size_t size) {
    Bytes data(size);
    REQUIRE(device.read(offset, data) == Access::kDone);
    return data;
}

void select(FwCfg& device, std::uint16_t key) {
    const std::array<std::uint8_t, 2> data = {static_cast<std::uint8_t>(key),
                                              static_cast<std::uint8_t>(key >> 8)};
    REQUIRE(device.write(0, data) == Access::kDone);
}

Bytes item(FwCfg& device, std::uint16_t key, std::size_t size) {
    select(device, key);
    Bytes bytes;
    for (std::size_t i = 0; i < size; ++i) {
        bytes.push_back(static_cast<std::uint8_t>(test::read8(device, 1)));
    }
    return bytes;
}

}  // namespace

TEST_CASE("pc-testdev: the latch reads as written, in parts and as a whole") {
    Recorded recorded;
    BusDevice& latch = recorded.device.latch();
    REQUIRE(latch.write(0, Bytes{1, 2, 3, 4}) == Access::kDone);
    REQUIRE(latch.write(1, Bytes{0xaa, 0xbb}) == Access::kDone);
    CHECK(read_bytes(latch, 0, 4) == Bytes{1, 0xaa, 0xbb, 4});
    CHECK(read_bytes(latch, 3, 1) == Bytes{4});
}

TEST_CASE("pc-testdev: its memory reads as written up to its last byte") {
    Recorded recorded;
    BusDevice& memory = recorded.device.memory();
    CHECK(read_bytes(memory, 0xfff8, 8) == Bytes(8));
    REQUIRE(memory.write(0xfff8, Bytes{1, 2, 3, 4, 5, 6, 7, 8}) == Access::kDone);
    CHECK(read_bytes(memory, 0xfffe, 2) == Bytes{7, 8});
}

TEST_CASE("pc-testdev: a 32-bit write flushes the page of its address") {
    Recorded recorded;
    BusDevice& flush = recorded.device.flush();
    REQUIRE(flush.write(0, Bytes{0x78, 0x56, 0x34, 0xf2}) == Access::kDone);
    CHECK(recorded.pages == std::vector<std::uint64_t>{0xf2345000});
    CHECK(test::try_write(flush, 0, 2) == Access::kBadWidth);
    CHECK(test::try_write(flush, 2, 2) == Access::kUnknownRegister);
    CHECK(test::try_read(flush, 0, 4) == Access::kUnknownRegister);
    CHECK(recorded.pages.size() == 1);
}

TEST_CASE("pc-testdev: a byte at a line's port is that line's level") {
    Recorded recorded;
    BusDevice& lines = recorded.device.irq_lines();
    test::write8(lines, 0, 1);
    test::write8(lines, 23, 2);
    test::write8(lines, 23, 0);
    CHECK(recorded.lines ==
          std::vector<std::pair<unsigned, bool>>{{0, true}, {23, true}, {23, false}});
    CHECK(test::try_write(lines, 4, 4) == Access::kBadWidth);
    CHECK(test::try_read(lines, 4, 1) == Access::kUnknownRegister);
    CHECK(recorded.lines.size() == 3);
}

TEST_CASE("fw_cfg: signature, interface, processors and memory") {
    FwCfg device(3, 0x123456789000);
    CHECK(item(device, 0, 6) == Bytes{'Q', 'E', 'M', 'U', 0, 0});
    CHECK(item(device, 1, 4) == Bytes{1, 0, 0, 0});
    CHECK(item(device, 3, 8) == Bytes{0, 0x90, 0x78, 0x56, 0x34, 0x12, 0, 0});
    CHECK(item(device, 5, 2) == Bytes{3, 0});
    CHECK(item(device, 0x0f, 2) == Bytes{3, 0});
    CHECK(item(device, 0x19, 4) == Bytes(4));
    CHECK(item(device, 0x7777, 4) == Bytes(4));
    // Selecting begins anew.
    CHECK(item(device, 0, 1) == Bytes{'Q'});
    CHECK(item(device, 0, 1) == Bytes{'Q'});
}

TEST_CASE("fw_cfg: files are found by the directory") {
    FwCfg device(1, 0);
    REQUIRE(device.add_file("opt/first", {1, 2, 3}).ok());
    REQUIRE(device.add_file(std::string(55, 'n'), {9}).ok());
    const Bytes directory = item(device, 0x19, 4 + 2 * 64);
    CHECK(Bytes(directory.begin(), directory.begin() + 12) ==
          Bytes{0, 0, 0, 2, 0, 0, 0, 3, 0, 0x20, 0, 0});
    CHECK(std::string(directory.begin() + 12, directory.begin() + 22) ==
          std::string("opt/first\0", 10));
    CHECK(directory[4 + 64 + 5] == 0x21);
    CHECK(item(device, 0x20, 4) == Bytes{1, 2, 3, 0});
    CHECK(item(device, 0x21, 1) == Bytes{9});

    CHECK_FALSE(device.add_file("opt/first", {}).ok());
    CHECK_FALSE(device.add_file("", {}).ok());
    CHECK_FALSE(device.add_file(std::string(56, 'n'), {}).ok());
}

TEST_CASE("fw_cfg: what is no register, or of another width, is refused") {
    FwCfg device(1, 0);
    CHECK(test::try_read(device, 0, 1) == Access::kUnknownRegister);
    CHECK(test::try_read(device, 0, 2) == Access::kUnknownRegister);
    CHECK(test::try_write(device, 1, 1) == Access::kUnknownRegister);
    CHECK(test::try_write(device, 0, 1) == Access::kBadWidth);
}

}  // namespace skiff::devices
