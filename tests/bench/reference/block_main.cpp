// SPDX-License-Identifier: Apache-2.0
//
// The block benchmark's program on the host: makes its disks, looks through them, and is the floor
// that VMMs are measured against.
//
//   bench_block make FILE BYTES SEED
//   bench_block count FILE BLOCK_BYTES SEED…    how many blocks hold the pattern of each seed
//   bench_block run FILE randread|randwrite|seqread BLOCK_BYTES DEPTH MS WARM_MS SEED WRITE_SEED
//                   cached|direct               prints what the guest's payload prints

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "guest-images/payloads/virtio/disk_pattern.h"
#include "tests/bench/reference/block_load.h"

namespace {

constexpr std::uint64_t kStep = 1 << 20;

using Arguments = std::vector<std::string>;

std::uint64_t number(const std::string& text) {
    return strtoull(text.c_str(), nullptr, 0);
}

int make(const Arguments& arguments) {
    const int file = open(arguments.at(0).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) {
        err(1, "%s", arguments.at(0).c_str());
    }
    std::vector<std::uint64_t> data(kStep / 8);
    const auto address = reinterpret_cast<std::uint64_t>(data.data());
    for (std::uint64_t offset = 0; offset < number(arguments.at(1)); offset += kStep) {
        payload::fill_pattern(address, kStep, offset, number(arguments.at(2)));
        if (write(file, data.data(), kStep) != static_cast<ssize_t>(kStep)) {
            err(1, "%s", arguments.at(0).c_str());
        }
    }
    return fsync(file) == 0 && close(file) == 0 ? 0 : 1;
}

int count(const Arguments& arguments) {
    const int file = open(arguments.at(0).c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        err(1, "%s", arguments.at(0).c_str());
    }
    std::vector<std::uint64_t> data(number(arguments.at(1)) / 8);
    std::vector<std::uint64_t> blocks(arguments.size() - 2);
    std::uint64_t others = 0;
    const std::size_t size = data.size() * 8;
    for (std::uint64_t offset = 0; read(file, data.data(), size) == static_cast<ssize_t>(size);
         offset += size) {
        std::size_t seed = 0;
        while (seed < blocks.size() &&
               !payload::has_pattern(reinterpret_cast<std::uint64_t>(data.data()), size, offset,
                                     number(arguments.at(seed + 2)))) {
            ++seed;
        }
        ++(seed < blocks.size() ? blocks.at(seed) : others);
    }
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        printf("seed %s %llu ", arguments.at(i + 2).c_str(),
               static_cast<unsigned long long>(blocks.at(i)));
    }
    printf("others %llu\n", static_cast<unsigned long long>(others));
    return 0;
}

bench::Operation operation(const std::string& name) {
    return name == "randwrite" ? bench::Operation::kRandomWrite
           : name == "seqread" ? bench::Operation::kSequentialRead
                               : bench::Operation::kRandomRead;
}

int run(const Arguments& arguments) {
    bench::Load load({.path = arguments.at(0),
                      .operation = operation(arguments.at(1)),
                      .block_bytes = number(arguments.at(2)),
                      .depth = static_cast<unsigned>(number(arguments.at(3))),
                      .seed = number(arguments.at(6)),
                      .written_seed = number(arguments.at(7)),
                      .is_direct = arguments.at(8) == "direct"});
    load.run(number(arguments.at(5)));
    const bench::Outcome outcome = load.run(number(arguments.at(4)));
    printf("result requests %llu ns %llu p50_ns %llu p99_ns %llu cpu_ns %llu\n",
           static_cast<unsigned long long>(outcome.requests),
           static_cast<unsigned long long>(outcome.nanoseconds),
           static_cast<unsigned long long>(load.latencies().percentile(500)),
           static_cast<unsigned long long>(load.latencies().percentile(990)),
           static_cast<unsigned long long>(outcome.cpu_nanoseconds));
    return 0;
}

}  // namespace

int main(int argument_count, char** argument_values) {
    const Arguments arguments(argument_values + 1, argument_values + argument_count);
    const std::size_t rest = arguments.empty() ? 0 : arguments.size() - 1;
    const Arguments after(arguments.begin() + (arguments.empty() ? 0 : 1), arguments.end());
    if (rest == 3 && arguments.front() == "make") {
        return make(after);
    }
    if (rest >= 3 && arguments.front() == "count") {
        return count(after);
    }
    if (rest == 9 && arguments.front() == "run") {
        return run(after);
    }
    fprintf(stderr, "usage: bench_block make|count|run …; see its source\n");
    return 2;
}
