// SPDX-License-Identifier: Apache-2.0
// The network benchmark's guest: drives one queue pair of a virtio network device at CPL 3, where a
// guest runs at native speed, with polled used rings; looks at the number in every frame. `./dev
// bench net` runs it on several VMMs and reads what it prints:
//
//   measuring
//   measured
//   result frames N ns N p50_ns N p99_ns N notifications N clock_ns N tsc_hz N
//
// `op=receive` takes `count=` frames in each of `bursts=` bursts: before each it prints `waiting`
// and waits for a byte of input, while the host fills its interface with frames.
//
// Options: `op=send|receive|ping`, `frame=` (bytes without the virtio header), `buffer=` (bytes of
// a receive buffer), `ms=`, `warm_ms=`, `count=`, `bursts=`, `indirect=0|1`, `event_idx=0|1`,
// `net=`.
#include "runtime/boot_info.h"
#include "runtime/io_port.h"
#include "runtime/kvm_clock.h"
#include "runtime/run_payload.h"
#include "runtime/serial_registers.h"
#include "runtime/user_mode.h"
#include "virtio_net_bench/traffic.h"

namespace payload {
namespace {

using bench::Traffic;

virtio::NetCard card;
Traffic traffic;

/// One run of a load; `amount` is cycles or frames.
struct Run {
    void (Traffic::*load)(std::uint64_t);
    std::uint64_t amount;
};

void run_at_cpl3(Run run) {
    user_mode::run(
        0,
        [](std::uint64_t argument) -> std::uint64_t {
            const auto& wanted = *reinterpret_cast<const Run*>(argument);
            (traffic.*wanted.load)(wanted.amount);
            return 0;
        },
        reinterpret_cast<std::uint64_t>(&run));
}

bool start_card() {
    virtio::NetCard::Options options;
    options.features = virtio::NetCard::kKnownFeatures & ~virtio::net::kMultiQueue;
    if (option("event_idx", std::uint64_t{1}) == 0) {
        options.features &= ~virtio::kFeatureEventIdx;
    }
    return card.start(static_cast<unsigned>(option("net", std::uint64_t{0})), options);
}

const char* text_of(Traffic::Fault fault) {
    switch (fault) {
        case Traffic::Fault::kNone:
            return "none";
        case Traffic::Fault::kNotUsed:
            return "nothing comes any more after frame ";
        case Traffic::Fault::kContent:
            return "lost or wrong: frame ";
        case Traffic::Fault::kForeign:
            return "not of this benchmark: frame ";
        case Traffic::Fault::kNoRoom:
            return "the ring is too small at frame ";
    }
    return "?";
}

bool is_well() {
    const Traffic::Outcome& outcome = traffic.outcome();
    if (outcome.fault != Traffic::Fault::kNone) {
        print("FAILED: ", text_of(outcome.fault), outcome.fault_at, "\n");
    }
    return outcome.fault == Traffic::Fault::kNone;
}

void wait_for_input() {
    while ((in8(kSerialPort + serial::kLineStatus) & serial::kDataReady) == 0) {
    }
    in8(kSerialPort);
}

/// Cycles to nanoseconds; of an hour at most.
std::uint64_t nanoseconds_of(std::uint64_t cycles, std::uint64_t hertz) {
    const std::uint64_t seconds = cycles / hertz;
    return seconds * 1'000'000'000 + (cycles % hertz) * 1'000'000 / (hertz / 1000);
}

std::uint64_t measure(Run run) {
    print("measuring\n");
    const std::uint64_t begin = kvm_clock::nanoseconds();
    run_at_cpl3(run);
    const std::uint64_t clock_ns = kvm_clock::nanoseconds() - begin;
    print("measured\n");
    return clock_ns;
}

std::uint64_t receive_bursts() {
    std::uint64_t clock_ns = 0;
    for (std::uint64_t left = option("bursts", std::uint64_t{1}); left != 0 && is_well(); --left) {
        print("waiting\n");
        wait_for_input();
        clock_ns += measure({&Traffic::receive, option("count", std::uint64_t{100'000})});
    }
    return clock_ns;
}

void print_result(std::uint64_t clock_ns, std::uint64_t hertz) {
    const Traffic::Outcome& outcome = traffic.outcome();
    print("result frames ", outcome.frames, " ns ", nanoseconds_of(outcome.cycles, hertz),
          " p50_ns ", nanoseconds_of(traffic.round_trips().percentile(500), hertz), " p99_ns ",
          nanoseconds_of(traffic.round_trips().percentile(990), hertz), " notifications ",
          outcome.notifications, " clock_ns ", clock_ns, " tsc_hz ", hertz, "\n");
}

}  // namespace

std::uint8_t run() {
    const bench::Plan plan = {
        .frame_size = static_cast<std::uint32_t>(option("frame", std::uint64_t{64})),
        .buffer_size = static_cast<std::uint32_t>(option("buffer", std::uint64_t{2048})),
        .indirect = option("indirect", std::uint64_t{0}) != 0};
    user_mode::set_up(0);
    if (!kvm_clock::set_up() || !start_card() || !traffic.set_up(card, plan)) {
        print("FAILED: the network device does not come up\n");
        return 1;
    }
    const std::uint64_t hertz = kvm_clock::tsc_hertz();
    const std::uint64_t warm = hertz / 1000 * option("warm_ms", std::uint64_t{200});
    const std::uint64_t length = hertz / 1000 * option("ms", std::uint64_t{1000});
    const Text operation = option("op", "send");
    std::uint64_t clock_ns = 0;
    if (operation == text("receive")) {
        clock_ns = receive_bursts();
    } else if (operation == text("send") || operation == text("ping")) {
        const auto load = operation == text("send") ? &Traffic::send : &Traffic::ping;
        run_at_cpl3({load, warm});
        if (!is_well()) {
            return 1;
        }
        traffic.clear();
        clock_ns = measure({load, length});
    } else {
        print("no such op: ", operation, "\n");
        return 1;
    }
    print_result(clock_ns, hertz);
    return is_well() ? 0 : 1;
}

}  // namespace payload
