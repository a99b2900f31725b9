// SPDX-License-Identifier: Apache-2.0
// The block benchmark's guest: drives one queue of a virtio disk at CPL 3, where a guest runs at
// native speed, with polled used rings; checks every byte that it reads. `./dev bench block` runs
// it on several VMMs and reads what it prints:
//
//   measuring
//   measured
//   result requests N ns N p50_ns N p99_ns N notifications N clock_ns N tsc_hz N
//
// Options: `op=randread|randwrite|seqread`, `block=` (bytes), `depth=`, `ms=` (how long) or
// `count=`, `warm_ms=`, `disk=`, `seed=` (of the pattern that the disk holds), `write_seed=`,
// `event_idx=0|1`, `indirect=0|1`.
#include "virtio_block_bench/load.h"

#include "runtime/boot_info.h"
#include "runtime/kvm_clock.h"
#include "runtime/run_payload.h"
#include "runtime/user_mode.h"

namespace payload {
namespace {

using bench::Load;
using bench::Operation;

virtio::Disk disk;
Load load_of_disk;
Load::Outcome outcome;

struct Length {
    std::uint64_t cycles;
    std::uint64_t count;
};

void run_at_cpl3(Length length) {
    user_mode::run(
        0,
        [](std::uint64_t argument) -> std::uint64_t {
            const auto& wanted = *reinterpret_cast<const Length*>(argument);
            outcome = load_of_disk.run(wanted.cycles, wanted.count);
            return 0;
        },
        reinterpret_cast<std::uint64_t>(&length));
}

bool operation_of_command_line(Operation& operation) {
    const Text name = option("op", "randread");
    if (name == text("randread")) {
        operation = Operation::kRandomRead;
    } else if (name == text("randwrite")) {
        operation = Operation::kRandomWrite;
    } else if (name == text("seqread")) {
        operation = Operation::kSequentialRead;
    } else {
        print("no such op: ", name, "\n");
        return false;
    }
    return true;
}

bool start_disk() {
    virtio::Disk::Options options;
    options.features = virtio::Disk::kKnownFeatures & ~virtio::block::kMultiQueue;
    if (option("event_idx", std::uint64_t{1}) == 0) {
        options.features &= ~virtio::kFeatureEventIdx;
    }
    options.indirect = option("indirect", std::uint64_t{0}) != 0;
    return disk.start(static_cast<unsigned>(option("disk", std::uint64_t{0})), options);
}

const char* text_of(Load::Fault fault) {
    switch (fault) {
        case Load::Fault::kNone:
            return "none";
        case Load::Fault::kNotUsed:
            return "a request did not come back";
        case Load::Fault::kStatus:
            return "a request failed with status ";
        case Load::Fault::kContent:
            return "wrong content at byte ";
        case Load::Fault::kNoRoom:
            return "the ring is too small for the depth";
    }
    return "?";
}

bool is_well() {
    if (outcome.fault != Load::Fault::kNone) {
        print("FAILED: ", text_of(outcome.fault), outcome.fault_at, "\n");
    }
    return outcome.fault == Load::Fault::kNone;
}

/// Cycles to nanoseconds; of an hour at most.
std::uint64_t nanoseconds_of(std::uint64_t cycles, std::uint64_t hertz) {
    const std::uint64_t seconds = cycles / hertz;
    return seconds * 1'000'000'000 + (cycles % hertz) * 1'000'000 / (hertz / 1000);
}

void print_result(std::uint64_t clock_ns, std::uint64_t hertz) {
    const bench::Histogram& latencies = load_of_disk.latencies();
    print("result requests ", outcome.requests, " ns ", nanoseconds_of(outcome.cycles, hertz),
          " p50_ns ", nanoseconds_of(latencies.percentile(500), hertz), " p99_ns ",
          nanoseconds_of(latencies.percentile(990), hertz), " notifications ",
          outcome.notifications, " clock_ns ", clock_ns, " tsc_hz ", hertz, "\n");
}

}  // namespace

std::uint8_t run() {
    bench::Plan plan = {.operation = Operation::kRandomRead,
                        .block_size = option("block", std::uint64_t{4096}),
                        .depth = static_cast<unsigned>(option("depth", std::uint64_t{1})),
                        .seed = option("seed", std::uint64_t{1}),
                        .written_seed = option("write_seed", std::uint64_t{2})};
    user_mode::set_up(0);
    if (!operation_of_command_line(plan.operation) || !kvm_clock::set_up() || !start_disk() ||
        !load_of_disk.set_up(disk, plan)) {
        print("FAILED: the disk does not come up\n");
        return 1;
    }
    const std::uint64_t hertz = kvm_clock::tsc_hertz();
    run_at_cpl3({hertz / 1000 * option("warm_ms", std::uint64_t{200}), 0});
    if (!is_well()) {
        return 1;
    }
    const Length length = {hertz / 1000 * option("ms", std::uint64_t{1000}),
                           option("count", std::uint64_t{0})};
    print("measuring\n");
    const std::uint64_t begin = kvm_clock::nanoseconds();
    run_at_cpl3(length);
    const std::uint64_t clock_ns = kvm_clock::nanoseconds() - begin;
    print("measured\n");
    if (!is_well()) {
        return 1;
    }
    print_result(clock_ns, hertz);
    return 0;
}

}  // namespace payload
