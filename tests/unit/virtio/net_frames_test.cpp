// SPDX-License-Identifier: Apache-2.0
// Frames to and from a network device: framing, merging, dropping, limits.
#include <catch2/catch.hpp>
#include <chrono>

#include "net_fixture.h"

namespace skiff::virtio::net {
namespace {

using test::Bytes;
using test::DriverQueue;
using test::NetFixture;
using test::SubmittedChain;

constexpr std::uint64_t kNoMerging = ~VIRTIO_NET_F_MRG_RXBUF;

Bytes joined(const Bytes& first, const Bytes& second) {
    Bytes all = first;
    all.insert(all.end(), second.begin(), second.end());
    return all;
}

Bytes from(const Bytes& bytes, std::size_t begin, std::size_t size) {
    const auto start = bytes.begin() + static_cast<std::ptrdiff_t>(begin);
    return {start, start + static_cast<std::ptrdiff_t>(size)};
}

TEST_CASE("A frame goes to the backend as the driver framed it, header first") {
    NetFixture net;
    net.start();
    const Bytes frame = net.with_header(NetFixture::content(1000));
    SECTION("in one buffer") {
        net.tx().chain().readable(frame).submit();
    }
    SECTION("in three, split in the header") {
        net.tx()
            .chain()
            .readable(from(frame, 0, 5))
            .readable(from(frame, 5, 20))
            .readable(from(frame, 25, frame.size() - 25))
            .submit();
    }
    SECTION("in an indirect table, with a writable buffer that nobody needs") {
        net.tx().chain().readable(frame).writable(8).indirect().submit();
    }
    net.notify(1);
    CHECK(net.backend.take() == frame);
    const auto used = net.tx().take_used();
    REQUIRE(used.has_value());
    CHECK(used->len == 0);
    CHECK(net.device().sent(0).frames.value() == 1);
    CHECK(net.device().sent(0).bytes.value() == 1000);
}

TEST_CASE("A backend without headers gets frames without them") {
    NetFixture net({}, {.has_header = false, .offloads = 0});
    net.start();
    const Bytes frame = NetFixture::content(100);
    net.tx().chain().readable(joined(Bytes(12, 0xee), frame)).submit();
    net.notify(1);
    CHECK(net.backend.take() == frame);

    const SubmittedChain chain = net.rx().chain().writable(5).writable(20).writable(200).submit();
    net.notify(0);
    net.put(frame);
    CHECK(net.rx().take_used() == DriverQueue::Used{chain.head, 112});
    const Bytes written = net.rx().written(chain);
    CHECK(from(written, 12, 100) == frame);
    CHECK(NetFixture::header_of(written).num_buffers == 1);
    CHECK(from(written, 0, 10) == Bytes(10, 0));
}

TEST_CASE("Many frames in one batch are one interrupt, and all arrive in order") {
    NetFixture net;
    net.start();
    net.line.take();
    for (std::uint8_t i = 0; i < NetFixture::kQueueEntries; ++i) {
        net.tx().chain().readable(net.with_header(Bytes(60, i))).submit();
    }
    net.notify(1);
    for (std::uint8_t i = 0; i < NetFixture::kQueueEntries; ++i) {
        CHECK(net.backend.take() == net.with_header(Bytes(60, i)));
    }
    CHECK(net.line.take() == 1);
}

TEST_CASE("What the backend does not take is dropped, counted, and holds nothing up") {
    NetFixture net;
    net.start();
    net.backend.send_error = GENERATE(EAGAIN, ENOBUFS, EIO, EINVAL);
    net.tx().chain().readable(net.with_header(Bytes(60))).submit();
    net.notify(1);
    CHECK(net.tx().take_used().has_value());
    CHECK(net.device().sent(0).dropped.value() == 1);
    net.backend.send_error = 0;
    net.tx().chain().readable(net.with_header(Bytes(60))).submit();
    net.notify(1);
    CHECK(net.tx().take_used().has_value());
    CHECK(net.device().sent(0).frames.value() == 1);
    CHECK_FALSE(net.broken());
}

TEST_CASE("A frame that is too large for any network, or empty, is dropped") {
    NetFixture net;
    net.start();
    const std::size_t size = GENERATE(std::size_t{0}, kMaxFrameBytes - kHeaderBytes + 1);
    net.tx().chain().readable(net.with_header(Bytes(size))).submit();
    net.notify(1);
    CHECK(net.tx().take_used().has_value());
    CHECK(net.backend.take().empty());
    CHECK(net.device().sent(0).dropped.value() == 1);
}

TEST_CASE("A frame is received into the driver's buffer, and says that it is one buffer") {
    NetFixture net;
    net.start(GENERATE(UINT64_MAX, kNoMerging));
    const SubmittedChain chain = net.rx().chain().writable(11).writable(2000).submit();
    net.notify(0);
    const Bytes frame = NetFixture::content(700);
    net.put(frame);
    CHECK(net.rx().take_used() == DriverQueue::Used{chain.head, 712});
    const Bytes written = net.rx().written(chain);
    CHECK(from(written, 12, 700) == frame);
    CHECK(NetFixture::header_of(written).num_buffers == 1);
    CHECK(written[712] == 0xcc);
    CHECK(net.device().received(0).frames.value() == 1);
}

TEST_CASE("The header's other fields are the backend's, as long as the driver knows checksums") {
    NetFixture net;
    const bool knows = GENERATE(true, false);
    net.start(knows ? UINT64_MAX : ~kGuestOffloads);
    const SubmittedChain chain = net.rx().chain().writable(2000).submit();
    net.notify(0);
    net.backend.put(joined({1, 0, 3, 0, 5, 0, 7, 0, 9, 0, 0xff, 0xff}, Bytes(60, 1)));
    net.loop.run_until_idle();
    const NetHeader header = NetFixture::header_of(net.rx().written(chain));
    CHECK(header.flags == (knows ? 1 : 0));
    CHECK(header.csum_start == 7);
    CHECK(header.num_buffers == 1);
}

TEST_CASE("A large frame fills as many buffers as it needs, each but the last completely") {
    NetFixture net;
    net.start();
    std::vector<SubmittedChain> chains;
    for (int i = 0; i < 4; ++i) {
        chains.push_back(net.rx().chain().writable(100).writable(400).submit());
    }
    net.notify(0);
    const Bytes frame = NetFixture::content(1200);
    net.put(frame);
    for (const std::uint32_t size : {500U, 500U, 212U}) {
        const auto used = net.rx().take_used();
        REQUIRE(used.has_value());
        CHECK(used->len == size);
    }
    CHECK_FALSE(net.rx().take_used().has_value());
    CHECK(NetFixture::header_of(net.rx().written(chains[0])).num_buffers == 3);
    Bytes got;
    for (const SubmittedChain& chain : chains) {
        got = joined(got, net.rx().written(chain));
    }
    CHECK(from(got, 12, 1200) == frame);
    // The fourth buffer is the next frame's.
    net.put(NetFixture::content(50));
    CHECK(net.rx().take_used() == DriverQueue::Used{chains[3].head, 62});
}

TEST_CASE("A driver gets large frames while more come, not when all of its buffers are used") {
    NetFixture net;
    net.start();
    for (unsigned i = 0; i < 6; ++i) {
        net.rx().chain().writable(kMaxFrameBytes).submit();
    }
    net.notify(0);
    net.line.take();
    for (unsigned i = 0; i < 6; ++i) {
        net.backend.put(net.with_header(NetFixture::content(65'000)));
    }
    net.loop.run_until_idle();
    // 128 KiB at a time: the third frame is the first that goes beyond, and the sixth.
    CHECK(net.line.take() == 2);
    for (unsigned i = 0; i < 6; ++i) {
        CHECK(net.rx().take_used().has_value());
    }
}

TEST_CASE("A large frame waits in one piece until the driver has given enough buffers") {
    NetFixture net;
    net.start();
    std::vector<SubmittedChain> chains = {net.rx().chain().writable(500).submit()};
    net.notify(0);
    const Bytes frame = NetFixture::content(40'000);
    net.put(frame);
    net.put(NetFixture::content(80));
    CHECK_FALSE(net.rx().take_used().has_value());
    chains.push_back(net.rx().chain().writable(30'000).submit());
    net.notify(0);
    CHECK_FALSE(net.rx().take_used().has_value());
    chains.push_back(net.rx().chain().writable(30'000).submit());
    chains.push_back(net.rx().chain().writable(500).submit());
    net.notify(0);
    CHECK(net.rx().take_used() == DriverQueue::Used{chains[0].head, 500});
    CHECK(net.rx().take_used() == DriverQueue::Used{chains[1].head, 30'000});
    CHECK(net.rx().take_used() == DriverQueue::Used{chains[2].head, 40'012 - 30'500});
    CHECK(net.rx().take_used() == DriverQueue::Used{chains[3].head, 92});
    Bytes got;
    for (const SubmittedChain& chain : chains) {
        got = joined(got, net.rx().written(chain));
    }
    CHECK(from(got, 12, 40'000) == frame);
    CHECK(NetFixture::header_of(net.rx().written(chains[0])).num_buffers == 3);
    CHECK(NetFixture::header_of(net.rx().written(chains[3])).num_buffers == 1);
}

TEST_CASE("After many small frames a large one still arrives whole") {
    NetFixture net;
    net.start();
    for (int i = 0; i < 40; ++i) {
        net.rx().chain().writable(1600).submit();
        net.notify(0);
        net.put(Bytes(60));
        REQUIRE(net.rx().take_used().has_value());
    }
    std::vector<SubmittedChain> chains;
    for (int i = 0; i < 8; ++i) {
        chains.push_back(net.rx().chain().writable(1600).submit());
    }
    net.notify(0);
    const Bytes frame = NetFixture::content(9000);
    net.put(frame);
    Bytes got;
    for (const SubmittedChain& chain : chains) {
        got = joined(got, net.rx().written(chain));
    }
    CHECK(from(got, 12, 9000) == frame);
    CHECK(NetFixture::header_of(got).num_buffers == 6);
}

TEST_CASE("A frame that the whole ring cannot hold is dropped, and the next one arrives") {
    NetFixture net;
    net.start();
    for (int i = 0; i < NetFixture::kQueueEntries; ++i) {
        net.rx().chain().writable(100).submit();
    }
    net.notify(0);
    net.put(Bytes(20'000));
    CHECK(net.device().received(0).dropped.value() == 1);
    net.put(Bytes(60));
    CHECK(net.rx().used_idx() == 1);
}

TEST_CASE("Without merging, a frame that is too large for its buffer is dropped") {
    NetFixture net;
    net.start(kNoMerging);
    const SubmittedChain chain = net.rx().chain().writable(500).submit();
    net.rx().chain().writable(5000).submit();
    net.notify(0);
    net.put(Bytes(600));
    CHECK(net.device().received(0).dropped.value() == 1);
    CHECK(net.rx().used_idx() == 0);
    net.put(Bytes(488, 7));
    CHECK(net.rx().take_used() == DriverQueue::Used{chain.head, 500});
}

TEST_CASE("Frames wait while there are no buffers, and cost no time meanwhile") {
    NetFixture net;
    net.start();
    for (int i = 0; i < 3; ++i) {
        net.put(Bytes(60, 1));
    }
    const unsigned calls = net.backend.receive_calls;
    for (int i = 0; i < 10; ++i) {
        net.loop.run_until_idle();
    }
    CHECK(net.backend.receive_calls == calls);
    for (int i = 0; i < 3; ++i) {
        net.rx().chain().writable(2000).submit();
    }
    net.notify(0);
    CHECK(net.rx().used_idx() == 3);
    // And the backend is listened to again.
    net.rx().chain().writable(2000).submit();
    net.notify(0);
    net.put(Bytes(60, 1));
    CHECK(net.rx().used_idx() == 4);
}

TEST_CASE("Buffers that are given one by one are all found") {
    NetFixture net;
    net.start();
    for (std::uint16_t i = 1; i <= 100; ++i) {
        net.rx().chain().writable(2000).submit();
        net.notify(0);
        net.put(Bytes(60));
        REQUIRE(net.rx().used_idx() == i);
        net.rx().take_used();
    }
}

TEST_CASE("Past a limit frames wait, and go on when the time has come") {
    NetOptions options;
    options.limits_in.bytes = TokenBucket::Rate::per_second(100'000);  // a burst of 10'000
    options.limits_out.bytes = options.limits_in.bytes;
    NetFixture net(options);
    net.start();
    const auto begin = std::chrono::steady_clock::now();
    const bool in = GENERATE(true, false);
    for (int i = 0; i < NetFixture::kQueueEntries; ++i) {
        if (in) {
            net.rx().chain().writable(2000).submit();
        } else {
            net.tx().chain().readable(net.with_header(Bytes(1000))).submit();
        }
    }
    net.notify(in ? 0 : 1);
    if (in) {
        for (int i = 0; i < NetFixture::kQueueEntries; ++i) {
            net.put(Bytes(1000));
        }
    }
    DriverQueue& queue = in ? net.rx() : net.tx();
    CHECK(queue.used_idx() < NetFixture::kQueueEntries);
    while (queue.used_idx() != NetFixture::kQueueEntries) {  // ctest's limit ends a hang
        net.loop.run_until_idle();
    }
    CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(49));
    // A reset waits for no limit.
    net.start();
}

}  // namespace
}  // namespace skiff::virtio::net
