// SPDX-License-Identifier: Apache-2.0
// A service of skiff's own in the guest's network: what goes to it, and what to the network.
#include "virtio/net/serving_backend.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <deque>

#include "net_fixture.h"

namespace skiff::virtio::net {
namespace {

using test::Bytes;
using test::NetFixture;

/// Keeps what it gets, and gives what it is told to.
class FakeService final : public FrameService {
  public:
    struct Control {
        std::vector<Bytes> taken = {};
        std::vector<bool> checksums = {};
        std::deque<Bytes> answers = {};
        std::optional<Clock::time_point> deadline = {};
        unsigned ticks = 0;
        unsigned resets = 0;
        /// Each frame makes so many answers.
        unsigned echoes = 1;
    };
    explicit FakeService(Control& control) : control_(control) {}

    Ipv4Address address() const override { return {169, 254, 169, 254}; }
    void take(std::span<const std::uint8_t> frame, bool checksum_is_whole,
              Clock::time_point /*now*/) override {
        control_.taken.emplace_back(frame.begin(), frame.end());
        control_.checksums.push_back(checksum_is_whole);
        for (unsigned i = 0; i < control_.echoes; ++i) {
            control_.answers.push_back(control_.taken.back());
        }
    }
    bool has_frame() const override { return !control_.answers.empty(); }
    std::size_t give(std::span<std::uint8_t, kMaxGivenBytes> room,
                     Clock::time_point /*now*/) override {
        if (control_.answers.empty()) {
            return 0;
        }
        const Bytes frame = control_.answers.front();
        control_.answers.pop_front();
        std::copy(frame.begin(), frame.end(), room.begin());
        return frame.size();
    }
    std::optional<Clock::time_point> deadline() const override { return control_.deadline; }
    void tick(Clock::time_point /*now*/) override {
        ++control_.ticks;
        control_.deadline.reset();
    }
    void reset() override {
        ++control_.resets;
        control_.answers.clear();
    }

  private:
    Control& control_;
};

Bytes ip_frame(std::uint8_t protocol, std::uint8_t last_of_address, std::size_t size = 60) {
    Bytes frame(size);
    frame[12] = 8;
    frame[14] = 0x45;
    frame[23] = protocol;
    const Bytes to = {169, 254, 169, last_of_address};
    std::copy(to.begin(), to.end(), frame.begin() + 30);
    return frame;
}

Bytes arp_frame(std::uint8_t last_of_address) {
    Bytes frame(42);
    frame[12] = 8;
    frame[13] = 6;
    const Bytes wanted = {169, 254, 169, last_of_address};
    std::copy(wanted.begin(), wanted.end(), frame.begin() + 38);
    return frame;
}

/// A device with the service in its network.
struct Fixture {
    explicit Fixture(test::FakeNetBackend::Control kind = {}) : net({}, std::move(kind), wrap()) {
        net.start();
    }

    std::function<std::unique_ptr<NetBackend>(std::unique_ptr<NetBackend>)> wrap() {
        return [this](std::unique_ptr<NetBackend> network) {
            return std::make_unique<ServingBackend>(std::move(network),
                                                    std::make_unique<FakeService>(service));
        };
    }

    void send(const Bytes& frame, std::uint8_t flags = 0) {
        Bytes bytes(kHeaderBytes);
        bytes[0] = flags;
        bytes.insert(bytes.end(), frame.begin(), frame.end());
        net.tx().chain().readable(bytes).submit();
        net.notify(1);
        CHECK(net.tx().take_used().has_value());
    }

    FakeService::Control service;
    NetFixture net;
};

TEST_CASE("TCP and ARP for the service's address go to it, all else to the network") {
    Fixture with({.has_header = GENERATE(true, false)});
    struct Row {
        Bytes frame;
        bool is_served;
    };
    Bytes vlan = ip_frame(6, 254);
    vlan[12] = 0x81;
    for (const Row& row :
         {Row{ip_frame(6, 254), true}, Row{arp_frame(254), true}, Row{ip_frame(6, 254, 1500), true},
          Row{ip_frame(6, 253), false}, Row{arp_frame(253), false}, Row{ip_frame(17, 254), false},
          Row{ip_frame(1, 254), false}, Row{vlan, false}, Row{ip_frame(6, 254, 41), false}}) {
        with.service.taken.clear();
        with.send(row.frame);
        const Bytes passed = with.net.backend.take();
        CHECK(with.service.taken.size() == (row.is_served ? 1 : 0));
        CHECK(passed.empty() == row.is_served);
        if (row.is_served) {
            CHECK(with.service.taken.front() == row.frame);
        } else {
            CHECK(passed == with.net.with_header(row.frame));
        }
    }
}

TEST_CASE("A frame in many pieces, and one whose checksum is left to us, are seen as they are") {
    Fixture with;
    const Bytes frame = ip_frame(6, 254);
    Bytes bytes(kHeaderBytes);
    bytes[0] = 1;
    bytes.insert(bytes.end(), frame.begin(), frame.end());
    auto chain = with.net.tx().chain();
    for (std::size_t i = 0; i < 15; ++i) {
        chain.readable(Bytes{bytes[i]});
    }
    chain.readable(Bytes(bytes.begin() + 15, bytes.end())).submit();
    with.net.notify(1);
    REQUIRE(with.net.tx().take_used().has_value());
    REQUIRE(with.service.taken.size() == 1);
    CHECK(with.service.taken[0] == frame);
    CHECK_FALSE(with.service.checksums[0]);
    with.send(frame, 0);
    CHECK(with.service.checksums[1]);
}

TEST_CASE("Answers reach the driver, a header of zeros before them, however many there are") {
    const bool has_header = GENERATE(true, false);
    Fixture with({.has_header = has_header});
    with.service.echoes = 3;
    std::vector<test::SubmittedChain> chains;
    for (int i = 0; i < 3; ++i) {
        chains.push_back(with.net.rx().chain().writable(2000).submit());
    }
    with.net.notify(0);
    CHECK(with.net.rx().used_idx() == 0);
    with.send(ip_frame(6, 254));
    CHECK(with.net.rx().used_idx() == 3);
    Bytes wanted(kHeaderBytes);
    wanted[10] = 1;  // num_buffers
    const Bytes frame = ip_frame(6, 254);
    wanted.insert(wanted.end(), frame.begin(), frame.end());
    for (const auto& chain : chains) {
        Bytes got = with.net.rx().written(chain);
        got.resize(wanted.size());
        CHECK(got == wanted);
    }
}

TEST_CASE("Answers wait for buffers, and more of them than a turn has come too") {
    Fixture with;
    with.service.echoes = 300;
    with.send(ip_frame(6, 254));
    CHECK(with.service.answers.size() == 300);
    unsigned received = 0;
    for (int round = 0; round < 100 && received < 300; ++round) {
        for (unsigned i = 0; i < NetFixture::kQueueEntries / 2; ++i) {
            with.net.rx().chain().writable(2000).submit();
        }
        with.net.notify(0);
        while (with.net.rx().take_used().has_value()) {
            ++received;
        }
    }
    CHECK(received == 300);
}

TEST_CASE("More answers than a queue takes in one turn all come without anything else happening") {
    Fixture with;
    with.net.entries = 256;
    with.net.start();
    for (int i = 0; i < 200; ++i) {
        with.net.rx().chain().writable(1600).submit();
    }
    with.net.notify(0);
    with.service.echoes = 200;
    with.send(ip_frame(6, 254));
    CHECK(with.net.rx().used_idx() == 200);
}

TEST_CASE("Frames of the network come beside those of the service") {
    Fixture with;
    for (int i = 0; i < 4; ++i) {
        with.net.rx().chain().writable(2000).submit();
    }
    with.net.notify(0);
    with.net.put(Bytes(100));
    with.send(ip_frame(6, 254));
    with.net.put(Bytes(100));
    CHECK(with.net.rx().used_idx() == 3);
}

TEST_CASE("A frame that the network has yet to take goes there, whatever became of its bytes") {
    test::FakeNetBackend::Control kind;
    std::array<int, 2> room{};
    REQUIRE(::pipe2(room.data(), O_CLOEXEC | O_NONBLOCK) == 0);
    const UniqueFd reader(room[0]);
    const UniqueFd writer(room[1]);
    while (::write(writer.get(), Bytes(4096).data(), 4096) > 0) {
    }
    kind.room_fd = writer.get();
    kind.send_error = EAGAIN;
    Fixture with(std::move(kind));
    Bytes bytes(kHeaderBytes);
    const Bytes other = ip_frame(6, 253);
    bytes.insert(bytes.end(), other.begin(), other.end());
    const test::SubmittedChain chain = with.net.tx().chain().readable(bytes).submit();
    with.net.notify(1);
    CHECK_FALSE(with.net.tx().take_used().has_value());
    // The guest turns it into one for the service.
    const auto last = chain.buffers[0].address.checked_add(kHeaderBytes + 33);
    REQUIRE(with.net.memory.write(*last, std::uint8_t{254}));
    with.net.backend.send_error = 0;
    Bytes emptied(65'536 * 2);
    while (::read(reader.get(), emptied.data(), emptied.size()) > 0) {
    }
    with.net.loop.run_until_idle();
    CHECK(with.net.tx().take_used().has_value());
    CHECK(with.service.taken.empty());
    CHECK_FALSE(with.net.backend.take().empty());
    with.send(ip_frame(6, 254));
    CHECK(with.service.taken.size() == 1);
}

TEST_CASE("The service's deadline is kept, and a new driver finds nothing of the last one's") {
    Fixture with;
    CHECK(with.service.resets == 1);
    with.service.echoes = 0;
    with.service.deadline = FrameService::Clock::now();
    with.send(ip_frame(6, 254));
    const auto end = FrameService::Clock::now() + std::chrono::seconds(20);
    while (with.service.ticks == 0 && FrameService::Clock::now() < end) {
        with.net.loop.run_until_idle();
    }
    CHECK(with.service.ticks == 1);
    with.service.echoes = 1;
    with.send(ip_frame(6, 254));
    CHECK_FALSE(with.service.answers.empty());
    with.net.start();
    CHECK(with.service.resets == 2);
    CHECK(with.service.answers.empty());
}

}  // namespace
}  // namespace skiff::virtio::net
