// SPDX-License-Identifier: Apache-2.0
#include "virtio/net/frame_stream.h"

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <random>

#include "base/unique_fd.h"
#include "tests/support/driver_queue.h"

namespace skiff::virtio::net {
namespace {

using test::Bytes;

Bytes content(std::size_t size, unsigned seed = 0) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 251 + seed);
    }
    return bytes;
}

Bytes on_the_stream(const Bytes& frame) {
    Bytes bytes = {0, static_cast<std::uint8_t>(frame.size() >> 16),
                   static_cast<std::uint8_t>(frame.size() >> 8),
                   static_cast<std::uint8_t>(frame.size())};
    bytes.insert(bytes.end(), frame.begin(), frame.end());
    return bytes;
}

class Stream {
  public:
    Stream() {
        std::array<int, 2> ends{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
        ours_.reset(ends[0]);
        theirs_.reset(ends[1]);
        const int room = 1 << 20;
        ::setsockopt(theirs_.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    }

    void put(const Bytes& bytes) {
        REQUIRE(::send(theirs_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT) ==
                static_cast<ssize_t>(bytes.size()));
    }
    /// Up to `most` bytes of what was sent.
    Bytes take(std::size_t most = 1 << 20) {
        Bytes bytes(most);
        const ssize_t got = ::recv(theirs_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
        return bytes;
    }
    void close() { theirs_.reset(); }

    /// Into three buffers, with room for `room` bytes.
    Transfer receive(std::size_t room = 70'000) {
        frame_.assign(room, 0xee);
        const std::array parts = {iovec{frame_.data(), std::min<std::size_t>(room, 10)},
                                  iovec{frame_.data() + 10, room > 10 ? room / 2 - 5 : 0},
                                  iovec{frame_.data() + room / 2 + 5, room - room / 2 - 5}};
        const Transfer got = reader.receive(ours_.get(), parts);
        frame_.resize(got.bytes);
        return got;
    }
    const Bytes& frame() const { return frame_; }

    Transfer send(const Bytes& frame) {
        Bytes copy = frame;
        const std::array parts = {iovec{copy.data(), 5}, iovec{copy.data() + 5, copy.size() - 5}};
        return writer.send(ours_.get(), parts);
    }

    FrameReader reader;
    FrameWriter writer;

  private:
    UniqueFd ours_;
    UniqueFd theirs_;
    Bytes frame_;
};

TEST_CASE("Frames come out of a stream one by one, whatever their sizes") {
    Stream stream;
    const std::vector<std::size_t> sizes = {14,   60,    4095,   4096, 65'553, 65'553, 100,
                                            9000, 9'001, 65'553, 14,   60,     20'000};
    for (const std::size_t size : sizes) {
        stream.put(on_the_stream(content(size, static_cast<unsigned>(size))));
    }
    for (const std::size_t size : sizes) {
        CHECK(stream.receive().error == 0);
        CHECK(stream.frame() == content(size, static_cast<unsigned>(size)));
    }
    CHECK(stream.receive().error == EAGAIN);
}

TEST_CASE("A stream may be cut anywhere, and the room may be another each time") {
    std::mt19937 random(GENERATE(1U, 2U, 3U, 4U));
    Stream stream;
    Bytes bytes;
    std::vector<Bytes> frames;
    for (unsigned i = 0; i < 60; ++i) {
        const std::size_t size =
            random() % 3 == 0 ? 4000 + random() % 61'000 : 14 + random() % 1500;
        frames.push_back(content(size, i));
        const Bytes framed = on_the_stream(frames.back());
        bytes.insert(bytes.end(), framed.begin(), framed.end());
    }
    std::size_t next = 0;
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t part = std::min<std::size_t>(1 + random() % 50'000, bytes.size() - at);
        const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(at);
        stream.put(Bytes(from, from + static_cast<std::ptrdiff_t>(part)));
        at += part;
        while (stream.receive(66'000 + random() % 9000).error == 0) {
            REQUIRE(next < frames.size());
            REQUIRE(stream.frame() == frames[next++]);
        }
    }
    CHECK(next == frames.size());
}

TEST_CASE("A frame that comes byte by byte is one frame") {
    Stream stream;
    const std::size_t size = GENERATE(60U, 5000U);
    const bool after_a_large_one = GENERATE(false, true);
    if (after_a_large_one) {
        stream.put(on_the_stream(content(8000)));
        REQUIRE(stream.receive().error == 0);
    }
    const Bytes bytes = on_the_stream(content(size));
    for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
        stream.put({bytes[i]});
        REQUIRE(stream.receive().error == EAGAIN);
    }
    stream.put({bytes.back()});
    CHECK(stream.receive().error == 0);
    CHECK(stream.frame() == content(size));
}

TEST_CASE("A frame that is larger than its room is cut, and the next one is whole") {
    Stream stream;
    stream.put(on_the_stream(content(65'000)));
    stream.put(on_the_stream(content(65'000, 1)));
    stream.put(on_the_stream(content(300)));
    stream.put(on_the_stream(content(100)));
    for (unsigned i = 0; i < 2; ++i) {
        CHECK(stream.receive(2000).bytes == 2000);
    }
    CHECK(stream.receive(200).bytes == 200);
    CHECK(stream.frame() == [] {
        Bytes bytes = content(300);
        bytes.resize(200);
        return bytes;
    }());
    CHECK(stream.receive().bytes == 100);
    CHECK(stream.frame() == content(100));
}

TEST_CASE("A length that no frame has is refused, for good") {
    const Bytes length = GENERATE(values<Bytes>({{0, 0, 0, 0},
                                                 {0, 0, 0, 13},
                                                 {0, 1, 0, 18},  // 65554
                                                 {0xff, 0xff, 0xff, 0xff},
                                                 {0x80, 0, 0, 60}}));
    Stream stream;
    stream.put(on_the_stream(content(60)));
    stream.put(length);
    stream.put(Bytes(100));
    CHECK(stream.receive().error == 0);
    CHECK(stream.receive().error == EPROTO);
    CHECK(stream.receive().error == EPROTO);
    stream.reader.reset();
    CHECK(stream.receive().error == EAGAIN);
}

TEST_CASE("What the socket does not tell of any more is told by the reader") {
    Stream stream;
    CHECK_FALSE(stream.reader.holds_frame());
    stream.put(on_the_stream(content(60)));
    stream.put(on_the_stream(content(61)));
    stream.put({0, 0, 0, 14, 1});
    CHECK(stream.receive().bytes == 60);
    CHECK(stream.reader.holds_frame());
    CHECK(stream.receive().bytes == 61);
    CHECK_FALSE(stream.reader.holds_frame());
}

TEST_CASE("A closed stream gives what came before, then EPIPE, and takes nothing") {
    Stream stream;
    stream.put(on_the_stream(content(60)));
    stream.put({0, 0, 0, 14, 1});
    stream.close();
    CHECK(stream.receive().error == 0);
    CHECK(stream.receive().error == EPIPE);
    CHECK(stream.send(content(60)).error == EPIPE);
    CHECK(stream.send(content(61)).error == EPIPE);
}

TEST_CASE("A frame is sent with its length before it") {
    Stream stream;
    const std::size_t size = GENERATE(14U, 60U, 1514U, 65'553U);
    const Transfer sent = stream.send(content(size));
    CHECK(sent.error == 0);
    CHECK(sent.bytes == size);
    CHECK(stream.take() == on_the_stream(content(size)));
}

TEST_CASE("A frame that no Ethernet has is not sent") {
    Stream stream;
    CHECK(stream.send(content(13)).error == EMSGSIZE);
    CHECK(stream.send(content(65'554)).error == EMSGSIZE);
    CHECK(stream.take().empty());
}

/// Sends until nothing more goes. Returns the number of the frame that waits.
unsigned fill(Stream& stream, std::size_t size) {
    unsigned number = 0;
    while (stream.send(content(size, number)).error == 0) {
        ++number;
        REQUIRE(number < 100'000);
    }
    return number;
}

TEST_CASE("A frame that found no room goes on where it stopped") {
    Stream stream;
    const std::size_t size = GENERATE(100U, 60'000U);
    const unsigned waits = fill(stream, size);
    CHECK(stream.send(content(size, waits)).error == EAGAIN);
    Bytes all;
    bool done = false;
    for (unsigned turns = 0; turns < 1'000'000; ++turns) {
        const Bytes part = stream.take(7001);
        all.insert(all.end(), part.begin(), part.end());
        if (!done) {
            done = stream.send(content(size, waits)).error == 0;
        } else if (part.empty()) {
            break;
        }
    }
    REQUIRE(done);
    Bytes wanted;
    for (unsigned i = 0; i <= waits; ++i) {
        const Bytes framed = on_the_stream(content(size, i));
        wanted.insert(wanted.end(), framed.begin(), framed.end());
    }
    CHECK((all == wanted));
}

TEST_CASE("A frame that does not come again leaves the stream in order") {
    Stream stream;
    const std::size_t size = 60'000;
    const unsigned waits = fill(stream, size);
    stream.writer.abandon();
    Bytes all;
    bool done = false;
    for (unsigned turns = 0; turns < 1'000'000; ++turns) {
        const Bytes part = stream.take(7001);
        all.insert(all.end(), part.begin(), part.end());
        if (!done) {
            done = stream.send(content(99)).error == 0;
        } else if (part.empty()) {
            break;
        }
    }
    REQUIRE(done);
    const std::size_t whole = waits * (kLengthBytes + size);
    REQUIRE(all.size() >= whole + kLengthBytes + 99);
    const auto last = all.end() - static_cast<std::ptrdiff_t>(kLengthBytes + 99);
    CHECK((Bytes(last, all.end()) == on_the_stream(content(99))));
    // Between them there is nothing, or one frame whose end is zeros.
    const std::size_t between = all.size() - whole - kLengthBytes - 99;
    CHECK((between == 0 || between == kLengthBytes + size));
    if (between != 0) {
        CHECK((Bytes(all.begin() + static_cast<std::ptrdiff_t>(whole),
                     all.begin() + static_cast<std::ptrdiff_t>(whole + kLengthBytes)) ==
               Bytes{0, 0, 0xea, 0x60}));
        CHECK(*(last - 1) == 0);
    }
}

}  // namespace
}  // namespace skiff::virtio::net
