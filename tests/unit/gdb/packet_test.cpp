// SPDX-License-Identifier: Apache-2.0
#include "vmm/gdb/packet.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

using namespace skiff::gdb;
using Kind = PacketParser::Kind;

namespace {

std::vector<PacketParser::Event> parse(PacketParser& parser, std::string_view text) {
    const std::vector<std::uint8_t> bytes(text.begin(), text.end());
    std::span<const std::uint8_t> rest(bytes);
    std::vector<PacketParser::Event> events;
    while (auto event = parser.next(rest)) {
        events.push_back(*event);
    }
    CHECK(rest.empty());
    return events;
}

}  // namespace

TEST_CASE("A packet is found however it is cut into pieces") {
    PacketParser parser;
    CHECK(parse(parser, "$qSup").empty());
    CHECK(parse(parser, "ported#3").empty());
    const auto events = parse(parser, "7");
    REQUIRE(events.size() == 1);
    CHECK(events[0].kind == Kind::kPacket);
    CHECK(events[0].body == "qSupported");
}

TEST_CASE("Acknowledgements and Ctrl-C stand between packets, not inside") {
    PacketParser parser;
    const auto events = parse(parser, "+-\x03$+-\x03#5b");
    REQUIRE(events.size() == 4);
    CHECK(events[0].kind == Kind::kAck);
    CHECK(events[1].kind == Kind::kNack);
    CHECK(events[2].kind == Kind::kInterrupt);
    CHECK(events[3].kind == Kind::kPacket);
    CHECK(events[3].body == "+-\x03");
}

TEST_CASE("A wrong checksum makes a packet damaged, and the next one is good") {
    PacketParser parser;
    const auto events = parse(parser, "$g#00$g#zz$g#67");
    REQUIRE(events.size() == 3);
    CHECK(events[0].kind == Kind::kDamaged);
    CHECK(events[1].kind == Kind::kDamaged);
    CHECK(events[2].kind == Kind::kPacket);
}

TEST_CASE("A packet that is too long is dropped whole") {
    PacketParser parser;
    const std::string longest(kMaxPacketBytes, '\0');
    auto events = parse(parser, frame(longest));
    REQUIRE(events.size() == 1);
    CHECK(events[0].kind == Kind::kPacket);
    events = parse(parser, frame(longest + '\0') + frame("g"));
    REQUIRE(events.size() == 2);
    CHECK(events[0].kind == Kind::kDamaged);
    CHECK(events[1].body == "g");
}

TEST_CASE("A frame has the sum of its bytes at its end") {
    CHECK(frame("OK") == "$OK#9a");
    CHECK(frame("") == "$#00");
}

TEST_CASE("Binary data comes back from its escapes") {
    std::vector<std::uint8_t> data;
    for (unsigned i = 0; i < 256; ++i) {
        data.push_back(static_cast<std::uint8_t>(i));
    }
    const std::string text = escape(data);
    CHECK(text.size() == data.size() + 4);
    CHECK(text.find_first_of("#$*") == std::string::npos);
    CHECK(unescape(text) == data);
    CHECK_FALSE(unescape("}").has_value());
}

TEST_CASE("Hex is read in pairs of digits") {
    CHECK(from_hex("00fFa5") == std::vector<std::uint8_t>{0x00, 0xff, 0xa5});
    CHECK_FALSE(from_hex("0").has_value());
    CHECK_FALSE(from_hex("0g").has_value());
    CHECK(to_hex(std::string_view("Az\x7f")) == "417a7f");
    CHECK(to_number("ffffffffffffffff") == ~std::uint64_t{0});
    CHECK_FALSE(to_number("10000000000000000").has_value());
    CHECK_FALSE(to_number("").has_value());
    CHECK_FALSE(to_number("-1").has_value());
}
