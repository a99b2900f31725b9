// SPDX-License-Identifier: Apache-2.0
#include "vmm/netstack/packet.h"

#include <array>
#include <catch2/catch.hpp>
#include <string_view>
#include <vector>

namespace skiff::netstack {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Frame = std::array<std::uint8_t, virtio::net::FrameService::kMaxGivenBytes>;

/// A SYN with the options that Linux gives it: MSS 1460, SACK permitted, timestamps, window scale.
const Bytes kLinuxSyn = {
    0x06, 0x01, 0x23, 0x45, 0x67, 0x01, 0x02, 0x5b, 0x0f, 0x5d, 0x3d, 0x23, 0x08, 0x00,  // Ethernet
    0x45, 0x00, 0x00, 0x3c, 0x1c, 0x46, 0x40, 0x00, 0x40, 0x06, 0x5e, 0xc3, 0x0a, 0x4d,
    0x00, 0x02, 0xa9, 0xfe, 0xa9, 0xfe,  // IPv4
    0xc0, 0x00, 0x00, 0x50, 0x12, 0x34, 0x56, 0x78, 0x00, 0x00, 0x00, 0x00, 0xa0, 0x02,
    0xfa, 0xf0, 0x00, 0x00, 0x00, 0x00, 0x02, 0x04, 0x05, 0xb4, 0x04, 0x02, 0x08, 0x0a,
    0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x01, 0x03, 0x03, 0x07};  // TCP

/// The one's complement sum of all 16-bit words, by hand: 0xffff where a checksum is right.
std::uint32_t words(const Bytes& bytes, std::size_t from, std::size_t to, std::uint32_t sum = 0) {
    for (std::size_t i = from; i < to; i += 2) {
        sum += bytes[i] * 256U + (i + 1 < to ? bytes[i + 1] : 0U);
    }
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

Bytes with_right_checksums(Bytes frame) {
    frame[24] = frame[25] = frame[50] = frame[51] = 0;
    const auto set = [&frame](std::size_t at, std::uint32_t sum) {
        frame[at] = static_cast<std::uint8_t>(~sum >> 8);
        frame[at + 1] = static_cast<std::uint8_t>(~sum);
    };
    const auto tcp = static_cast<std::uint32_t>(frame.size() - 34);
    set(24, words(frame, 14, 34));
    set(50, words(frame, 34, frame.size(), words(frame, 26, 34) + 6 + tcp));
    return frame;
}

TEST_CASE("A segment as a kernel makes it is understood") {
    const Bytes frame = with_right_checksums(kLinuxSyn);
    const auto segment = parse_tcp(frame, true);
    REQUIRE(segment.has_value());
    CHECK(segment->from == Endpoint{{2, 0x5b, 0x0f, 0x5d, 0x3d, 0x23}, {10, 77, 0, 2}, 0xc000});
    CHECK(segment->to == Endpoint{{6, 1, 0x23, 0x45, 0x67, 1}, {169, 254, 169, 254}, 80});
    CHECK(segment->sequence == 0x12345678);
    CHECK(segment->flags == kSyn);
    CHECK(segment->window == 0xfaf0);
    CHECK(segment->max_segment_bytes == 1460);
    CHECK(segment->payload.empty());
    CHECK(segment->length() == 1);
}

TEST_CASE("What is written is right to the last bit, with content of an odd length too") {
    TcpSegment segment;
    segment.from = {{6, 0, 0, 0, 0, 1}, {169, 254, 169, 254}, 80};
    segment.to = {{2, 0, 0, 0, 0, 1}, {10, 0, 0, 2}, 40'000};
    segment.sequence = 0xfedcba98;
    segment.acknowledgment = 0x01234567;
    segment.flags = kAck | kPsh;
    segment.window = 1000;
    const std::string_view text = GENERATE("", "a", "hello", "even");
    segment.payload = {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
    Frame room{};
    const std::size_t size = write_tcp(segment, room);
    CHECK(size == kHeaderBytes + text.size());
    const Bytes frame(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(words(frame, 14, 34) == 0xffff);
    const auto tcp = static_cast<std::uint32_t>(frame.size() - 34);
    CHECK(words(frame, 34, frame.size(), words(frame, 26, 34) + 6 + tcp) == 0xffff);
    const auto read = parse_tcp(frame, true);
    REQUIRE(read.has_value());
    CHECK(read->from == segment.from);
    CHECK(read->to == segment.to);
    CHECK(read->sequence == segment.sequence);
    CHECK(read->acknowledgment == segment.acknowledgment);
    CHECK(read->flags == segment.flags);
    CHECK(std::string_view(reinterpret_cast<const char*>(read->payload.data()),
                           read->payload.size()) == text);
}

TEST_CASE("What is cut, wrong or of another kind is no segment") {
    struct Row {
        std::size_t at;
        std::uint8_t value;
    };
    const Bytes right = with_right_checksums(kLinuxSyn);
    for (std::size_t size = 0; size < right.size(); ++size) {
        CHECK_FALSE(parse_tcp(std::span(right).first(size), true).has_value());
    }
    const auto row = GENERATE(values<Row>({
        {13, 0x06},  // another type
        {14, 0x44},  // an IPv4 header of 16 bytes
        {14, 0x4f},  // one of 60, which the packet has not
        {14, 0x65},  // IPv6
        {16, 0xff},  // longer than the frame
        {17, 0x13},  // shorter than its header
        {20, 0x20},  // a fragment: more follow
        {21, 0x01},  // a fragment: not the first
        {23, 17},    // UDP
        {46, 0x40},  // a TCP header of 16 bytes
        {46, 0xf0},  // one of 60
    }));
    Bytes wrong = right;
    wrong[row.at] = row.value;
    wrong = with_right_checksums(wrong);
    CHECK_FALSE(parse_tcp(wrong, false).has_value());
}

TEST_CASE("A wrong checksum is noticed, but TCP's only where the driver has made it") {
    Bytes tcp = with_right_checksums(kLinuxSyn);
    tcp[51] ^= 1;
    CHECK_FALSE(parse_tcp(tcp, true).has_value());
    CHECK(parse_tcp(tcp, false).has_value());
    Bytes ip = with_right_checksums(kLinuxSyn);
    ip[25] ^= 1;
    CHECK_FALSE(parse_tcp(ip, false).has_value());
}

TEST_CASE("Options that lie about their length end the search") {
    Bytes frame = kLinuxSyn;
    const auto row = GENERATE(values<std::vector<std::uint8_t>>({
        {0, 2, 4, 5},    // the end comes first
        {5, 0, 2, 4},    // no length
        {5, 1, 2, 4},    // shorter than itself
        {5, 255, 2, 4},  // longer than the header
        {2, 3, 5, 2},    // a maximum segment size of one byte
    }));
    std::copy(row.begin(), row.end(), frame.begin() + 54);
    std::fill(frame.begin() + 54 + 4, frame.end(), std::uint8_t{0});
    const auto segment = parse_tcp(frame = with_right_checksums(frame), true);
    REQUIRE(segment.has_value());
    CHECK_FALSE(segment->max_segment_bytes.has_value());
}

TEST_CASE("An ARP request is answered, and nothing else of ARP") {
    Bytes frame = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0,   1,   0x08, 0x06,
                   0,    1,    8,    0,    6,    4,    0, 1, 2, 0, 0,   0,   0,    1,
                   10,   0,    0,    2,    0,    0,    0, 0, 0, 0, 169, 254, 169,  254};
    const auto request = parse_arp_request(frame);
    REQUIRE(request.has_value());
    CHECK(request->wanted == Ipv4Address{169, 254, 169, 254});
    Frame room{};
    REQUIRE(write_arp_reply(*request, {6, 1, 0x23, 0x45, 0x67, 1}, room) == 42);
    const Bytes wanted = {2,   0,   0,   0,   0, 1, 6, 1, 0x23, 0x45, 0x67, 1,    0x08, 0x06,
                          0,   1,   8,   0,   6, 4, 0, 2, 6,    1,    0x23, 0x45, 0x67, 1,
                          169, 254, 169, 254, 2, 0, 0, 0, 0,    1,    10,   0,    0,    2};
    CHECK(Bytes(room.begin(), room.begin() + 42) == wanted);
    CHECK_FALSE(parse_arp_request(std::span(frame).first(41)).has_value());
    for (const std::size_t at : {13U, 15U, 17U, 18U, 19U, 21U}) {
        Bytes wrong = frame;
        wrong[at] = 9;
        CHECK_FALSE(parse_arp_request(wrong).has_value());
    }
}

}  // namespace
}  // namespace skiff::netstack
