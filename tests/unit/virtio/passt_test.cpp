// SPDX-License-Identifier: Apache-2.0
// The user network's life with its process: small scripts in place of passt.
#include "virtio/net/passt.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <deque>
#include <thread>

#include "tests/support/driver_queue.h"

namespace skiff::virtio::net {
namespace {

using test::Bytes;

constexpr MacAddress kMac = {2, 0, 0, 1, 2, 3};
// What passt is told begins with --foreground --fd N.
constexpr const char* kSocket = "s=$3; ";
constexpr const char* kReadFirstFrame = "head -c 64 <&$s >/dev/null; ";

NetOptions script(const std::string& text) {
    NetOptions options;
    options.user.emplace();
    options.user->command = {"/bin/bash", "-c", kSocket + text, "passt"};
    return options;
}

std::unique_ptr<NetBackend> open(const std::string& text) {
    auto passt = Passt::open(script(text), kMac);
    if (!passt.ok()) {
        FAIL(passt.error().message());
    }
    return std::move(passt).value();
}

/// The next frame; empty where there is none in time.
Bytes receive(NetBackend& backend) {
    Bytes frame(70'000);
    const iovec room{.iov_base = frame.data(), .iov_len = frame.size()};
    for (;;) {
        const Transfer got = backend.receive(0, {&room, 1});
        if (got.error == 0) {
            frame.resize(got.bytes);
            return frame;
        }
        pollfd entry{.fd = backend.poll_fd(0), .events = POLLIN, .revents = 0};
        if (got.error != EAGAIN || ::poll(&entry, 1, 10'000) != 1) {
            return {};
        }
    }
}

int send(NetBackend& backend, Bytes frame) {
    const iovec part{.iov_base = frame.data(), .iov_len = frame.size()};
    return backend.send(0, {&part, 1}).error;
}

/// A user network whose loop runs on a thread of its own, and what it says of its link.
class Running {
  public:
    explicit Running(const std::string& text) : backend_(open(text)) {
        REQUIRE(backend_->watch_link(loop_, [this](bool up) { changed(up); }).ok());
        thread_ = std::thread([this] { loop_.run(); });
    }
    ~Running() {
        loop_.stop();
        thread_.join();
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    NetBackend& backend() { return *backend_; }
    /// What it says next; nothing where it says nothing in time.
    std::optional<bool> next_change() {
        std::unique_lock lock(mutex_);
        if (!told_.wait_for(lock, std::chrono::seconds(20), [this] { return !changes_.empty(); })) {
            return std::nullopt;
        }
        const bool up = changes_.front();
        changes_.pop_front();
        return up;
    }

  private:
    void changed(bool up) {
        const std::lock_guard lock(mutex_);
        changes_.push_back(up);
        told_.notify_one();
    }

    EventLoop loop_ = std::move(EventLoop::create()).value();
    std::unique_ptr<NetBackend> backend_;
    std::mutex mutex_;
    std::condition_variable told_;
    std::deque<bool> changes_;  // guarded by mutex_
    std::thread thread_;
};

TEST_CASE("passt is told the forwards, name servers, interface and MTU that the user wants") {
    NetOptions options;
    options.user.emplace();
    const auto words = [&options] {
        std::string all;
        for (const std::string& word : passt_arguments(options, 7)) {
            all += word + " ";
        }
        return all;
    };
    CHECK(words() == "passt --foreground --fd 7 -u none ");
    using Protocol = PortForward::Protocol;
    options.user->forwards = {
        {.protocol = Protocol::kTcp, .host_address = "", .host_port = 8080, .guest_port = 80},
        {.protocol = Protocol::kTcp,
         .host_address = "127.0.0.1",
         .host_port = 22,
         .guest_port = 2222}};
    CHECK(words() == "passt --foreground --fd 7 -t 8080:80 -t 127.0.0.1/22:2222 -u none ");
    options.user->forwards.push_back(
        {.protocol = Protocol::kUdp, .host_address = "::1", .host_port = 53, .guest_port = 54});
    options.user->name_servers = {"192.0.2.53", "2001:db8::53"};
    options.user->interface = "eth1";
    options.mtu = 65520;
    CHECK(words() ==
          "passt --foreground --fd 7 -t 8080:80 -t 127.0.0.1/22:2222 -u ::1/53:54 --dns 192.0.2.53 "
          "--dns 2001:db8::53 --interface eth1 --mtu 65520 ");
}

TEST_CASE("Frames go to the process and come from it; the first one tells it the guest's MAC") {
    const auto backend = open("exec cat <&$s >&$s");  // gives back what it gets
    CHECK(backend->queue_pairs() == 1);
    CHECK_FALSE(backend->has_header());
    CHECK(backend->offloads() == 0);
    const Bytes first = receive(*backend);
    REQUIRE(first.size() == 60);
    CHECK((Bytes(first.begin() + 6, first.begin() + 12) == Bytes(kMac.begin(), kMac.end())));
    CHECK(send(*backend, Bytes(1000, 3)) == 0);
    CHECK(send(*backend, Bytes(60'000, 4)) == 0);
    CHECK((receive(*backend) == Bytes(1000, 3)));
    CHECK((receive(*backend) == Bytes(60'000, 4)));
}

TEST_CASE("A passt that cannot start says why, in its own words") {
    const auto failed = Passt::open(
        script("echo Some banner; echo \"Failed to bind any port for '-t 80:80', exiting\" >&2; "
               "echo Failed to send 57 bytes to syslog >&2; exit 1"),
        kMac);
    REQUIRE_FALSE(failed.ok());
    CHECK(failed.error().message() ==
          "net user: passt ended with status 1: Failed to bind any port for '-t 80:80', exiting");
}

TEST_CASE("Where there is no passt the error says what to install") {
    NetOptions options = script("");
    options.user->command = {"no-such-passt"};
    const auto failed = Passt::open(options, kMac);
    REQUIRE_FALSE(failed.ok());
    CHECK(failed.error().message().find("apt-get install passt") != std::string::npos);
}

TEST_CASE("A passt that ends takes the link down, and the next one brings it up again") {
    // It ends at the first line that it gets.
    Running net(std::string(kReadFirstFrame) + "read -r line <&$s; echo it is over >&2; exit 5");
    NetBackend& backend = net.backend();
    const int receiving = backend.poll_fd(0);
    const int sending = backend.room_fd(0);
    CHECK(receiving != sending);
    for (int round = 0; round < 2; ++round) {
        CHECK(send(backend, Bytes(60, '\n')) == 0);
        CHECK(net.next_change() == false);
        CHECK(send(backend, Bytes(60, '\n')) == EPIPE);
        CHECK(net.next_change() == true);
        CHECK(backend.poll_fd(0) == receiving);
        CHECK(backend.room_fd(0) == sending);
    }
}

TEST_CASE("Half a frame of a passt that ended is no part of what the next one sends") {
    // Sends 8 bytes of 16, and the others after a line without a q.
    Running net(std::string(kReadFirstFrame) +
                "printf '\\0\\0\\0\\20abcdefgh' >&$s; read -r line <&$s; "
                "case $line in *q*) exit 5;; esac; printf ijklmnop >&$s; exec sleep 1000");
    NetBackend& backend = net.backend();
    const auto line = [](std::uint8_t letter) {
        Bytes frame(60, letter);
        frame.back() = '\n';
        return frame;
    };
    pollfd entry{.fd = backend.poll_fd(0), .events = POLLIN, .revents = 0};
    REQUIRE(::poll(&entry, 1, 10'000) == 1);
    Bytes room(100);
    const iovec part{.iov_base = room.data(), .iov_len = room.size()};
    CHECK(backend.receive(0, {&part, 1}).error == EAGAIN);
    CHECK(send(backend, line('q')) == 0);
    CHECK(net.next_change() == false);
    CHECK(net.next_change() == true);
    CHECK(send(backend, line('x')) == 0);
    const std::string wanted = "abcdefghijklmnop";
    CHECK((receive(backend) == Bytes(wanted.begin(), wanted.end())));
}

TEST_CASE("A passt that sends what is no frame is ended and started again") {
    Running net(std::string(kReadFirstFrame) + "printf '\\0\\0\\0\\1x' >&$s; exec sleep 1000");
    CHECK(receive(net.backend()).empty());
    CHECK(net.next_change() == false);
    CHECK(net.next_change() == true);
}

TEST_CASE("A passt that does not read makes the guest wait, and costs it nothing") {
    const auto backend = open(std::string(kReadFirstFrame) + "exec sleep 1000");
    unsigned sent = 0;
    int error = 0;
    while ((error = send(*backend, Bytes(30'000, 1))) == 0) {
        REQUIRE(++sent < 1000);
    }
    CHECK(error == EAGAIN);
    CHECK(sent > 0);
    CHECK(send(*backend, Bytes(30'000, 1)) == EAGAIN);
}

}  // namespace
}  // namespace skiff::virtio::net
