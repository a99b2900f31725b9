// SPDX-License-Identifier: Apache-2.0
//
// The host's part of the network benchmark.
//
// usage: bench_net fill INTERFACE COUNT BYTES            sends frames 0 to COUNT - 1 to a TAP that
//                                                        somebody else has open
//        bench_net send|ping INTERFACE BYTES MS WARM_MS  what a TAP itself can do: writes frames,
//        or
//                                                        pings, on a descriptor of its own
//        bench_net receive INTERFACE BYTES COUNT BURSTS  fills the TAP, then reads the frames
//
// Prints: result frames N ns N p50_ns N p99_ns N cpu_ns N

#include <err.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "guest-images/payloads/virtio_block_bench/histogram.h"
#include "guest-images/payloads/virtio_net_bench/frames.h"

namespace {

using payload::bench::Frame;
using payload::bench::Histogram;
using payload::bench::kGuest;
using payload::bench::kHost;
using payload::bench::kNetHeaderSize;
using payload::bench::Ping;
using Arguments = std::vector<std::string>;

constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;
// A packet socket takes the header without num_buffers.
constexpr std::uint32_t kShortHeaderSize = 10;

std::uint64_t clock_ns(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * kNanosecondsPerSecond +
           static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t number(const std::string& text) {
    return strtoull(text.c_str(), nullptr, 0);
}

/// What a load did; both times are of the load alone.
struct Outcome {
    std::uint64_t frames = 0;
    std::uint64_t nanoseconds = 0;
    std::uint64_t cpu_nanoseconds = 0;
    Histogram round_trips;
};
Outcome outcome;

class Stopwatch {
  public:
    ~Stopwatch() {
        outcome.nanoseconds += clock_ns(CLOCK_MONOTONIC) - begin_;
        outcome.cpu_nanoseconds += clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_;
    }

  private:
    std::uint64_t begin_ = clock_ns(CLOCK_MONOTONIC);
    std::uint64_t cpu_ = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
};

int open_packet_socket(const std::string& interface) {
    const int socket_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    const int on = 1;
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
    if (socket_fd < 0 || setsockopt(socket_fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on) ||
        setsockopt(socket_fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) ||
        bind(socket_fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        err(1, "packet socket on %s", interface.c_str());
    }
    return socket_fd;
}

void fill(int socket_fd, std::uint64_t count, std::uint32_t size) {
    std::vector<std::uint8_t> bytes(kNetHeaderSize + size);
    const Frame frame(bytes.data(), size);
    frame.prepare(kGuest, kHost);
    const std::array<iovec, 2> parts = {iovec{bytes.data(), kShortHeaderSize},
                                        iovec{bytes.data() + kNetHeaderSize, size}};
    for (std::uint64_t i = 0; i < count; ++i) {
        frame.set_number(i);
        if (writev(socket_fd, parts.data(), parts.size()) < 0) {
            err(1, "frame %llu of %llu", static_cast<unsigned long long>(i),
                static_cast<unsigned long long>(count));
        }
    }
}

int open_tap(const std::string& interface) {
    const int tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    ifreq request{};
    request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    interface.copy(static_cast<char*>(request.ifr_name), IFNAMSIZ - 1);
    const int header = kNetHeaderSize;
    if (tap < 0 || ioctl(tap, TUNSETIFF, &request) != 0 ||
        ioctl(tap, TUNSETVNETHDRSZ, &header) != 0 ||
        ioctl(tap, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) != 0) {
        err(1, "TAP %s", interface.c_str());
    }
    return tap;
}

void send(int tap, std::uint32_t size, std::uint64_t milliseconds) {
    std::vector<std::uint8_t> bytes(kNetHeaderSize + size);
    const Frame frame(bytes.data(), size);
    frame.prepare(kHost, kGuest);
    const Stopwatch stopwatch;
    const std::uint64_t end = clock_ns(CLOCK_MONOTONIC) + milliseconds * 1'000'000;
    while (clock_ns(CLOCK_MONOTONIC) < end) {
        for (unsigned i = 0; i < 16; ++i) {
            frame.set_number(outcome.frames++);
            if (write(tap, bytes.data(), bytes.size()) < 0) {
                err(1, "write");
            }
        }
    }
}

/// The interface sends only once a worker of the kernel, which may have to wait for a processor,
/// has seen that it has a carrier: until ping 0 is answered.
void wait_for_link(int tap, std::span<std::uint8_t> request, std::span<std::uint8_t> reply) {
    constexpr int kTries = 500;
    Ping(request.data()).set_number(0);
    for (int i = 0; i < kTries; ++i) {
        if (write(tap, request.data(), request.size()) < 0) {
            err(1, "write");
        }
        pollfd waiting{.fd = tap, .events = POLLIN, .revents = 0};
        poll(&waiting, 1, 10);
        while (read(tap, reply.data(), reply.size()) > 0) {
            if (Ping(reply.data()).is_reply(0)) {
                return;
            }
        }
    }
    errx(1, "no reply to the first ping");
}

void ping(int tap, std::uint64_t milliseconds) {
    std::array<std::uint8_t, kNetHeaderSize + payload::bench::kPingSize> request{};
    std::array<std::uint8_t, 2048> reply{};
    const Ping ping(request.data());
    ping.prepare();
    wait_for_link(tap, request, reply);
    const Stopwatch stopwatch;
    std::uint64_t now = clock_ns(CLOCK_MONOTONIC);
    const std::uint64_t end = now + milliseconds * 1'000'000;
    while (now < end) {
        const auto sequence = static_cast<std::uint16_t>(++outcome.frames);
        ping.set_number(sequence);
        if (write(tap, request.data(), request.size()) < 0) {
            err(1, "write");
        }
        do {
            if (read(tap, reply.data(), reply.size()) < 0) {
                err(1, "no reply to ping %llu", static_cast<unsigned long long>(outcome.frames));
            }
        } while (!Ping(reply.data()).is_reply(sequence));
        const std::uint64_t then = clock_ns(CLOCK_MONOTONIC);
        outcome.round_trips.add(then - now);
        now = then;
    }
}

void receive(int tap, int socket_fd, std::uint32_t size, std::uint64_t count) {
    std::vector<std::uint8_t> bytes(kNetHeaderSize + size);
    const Frame frame(bytes.data(), size);
    fill(socket_fd, count, size);
    const Stopwatch stopwatch;
    for (std::uint64_t i = 0; i < count; ++i, ++outcome.frames) {
        const ssize_t got = read(tap, bytes.data(), bytes.size());
        if (got != static_cast<ssize_t>(bytes.size()) || !frame.has_number(i)) {
            errx(1, "frame %llu was lost", static_cast<unsigned long long>(i));
        }
    }
}

void print_result() {
    printf("result frames %llu ns %llu p50_ns %llu p99_ns %llu cpu_ns %llu\n",
           static_cast<unsigned long long>(outcome.frames),
           static_cast<unsigned long long>(outcome.nanoseconds),
           static_cast<unsigned long long>(outcome.round_trips.percentile(500)),
           static_cast<unsigned long long>(outcome.round_trips.percentile(990)),
           static_cast<unsigned long long>(outcome.cpu_nanoseconds));
}

int run(const Arguments& arguments) {
    const std::string& what = arguments.at(0);
    const std::string& interface = arguments.at(1);
    if (what == "fill" && arguments.size() == 4) {
        fill(open_packet_socket(interface), number(arguments.at(2)),
             static_cast<std::uint32_t>(number(arguments.at(3))));
        return 0;
    }
    if (arguments.size() != 5) {
        return 2;
    }
    const auto size = static_cast<std::uint32_t>(number(arguments.at(2)));
    const int tap = open_tap(interface);
    if (what == "receive") {
        const int socket_fd = open_packet_socket(interface);
        for (std::uint64_t left = number(arguments.at(4)); left != 0; --left) {
            receive(tap, socket_fd, size, number(arguments.at(3)));
        }
    } else if (what == "send" || what == "ping") {
        for (const std::string& length : {arguments.at(4), arguments.at(3)}) {
            outcome = {};
            what == "send" ? send(tap, size, number(length)) : ping(tap, number(length));
        }
    } else {
        return 2;
    }
    print_result();
    return 0;
}

}  // namespace

int main(int argument_count, char** argument_values) {
    const Arguments arguments(argument_values + 1, argument_values + argument_count);
    const int status = arguments.size() >= 4 ? run(arguments) : 2;
    if (status == 2) {
        fprintf(stderr, "usage: bench_net fill|send|ping|receive INTERFACE …; see its source\n");
    }
    return status;
}
