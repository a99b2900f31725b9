// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "guest-images/payloads/virtio_block_bench/block_order.h"
#include "guest-images/payloads/virtio_block_bench/histogram.h"

/// The block benchmark's load without any VMM: what the host itself can do.
namespace bench {

enum class Operation { kRandomRead, kRandomWrite, kSequentialRead };

struct Plan {
    std::string path;
    Operation operation;
    std::uint64_t block_bytes;
    unsigned depth;
    std::uint64_t seed;
    std::uint64_t written_seed;
    bool is_direct;
};

struct Outcome {
    std::uint64_t requests = 0;
    std::uint64_t nanoseconds = 0;
    std::uint64_t cpu_nanoseconds = 0;
};

/// Reads or writes blocks one after the other by preadv2() and pwritev2(), or, with O_DIRECT,
/// `depth` at a time by io_uring; checks every byte it reads. Ends the program with a message where
/// anything fails.
class Load {
  public:
    explicit Load(const Plan& plan);
    Outcome run(std::uint64_t milliseconds);
    /// Nanoseconds of the last run's requests.
    const payload::bench::Histogram& latencies() const { return latencies_; }

  private:
    std::uint64_t next_offset();
    bool is_write() const { return plan_.operation == Operation::kRandomWrite; }
    std::uint8_t* buffer(unsigned index) const { return buffers_ + index * plan_.block_bytes; }
    void prepare(std::uint8_t* data, std::uint64_t offset) const;
    void check(const std::uint8_t* data, std::uint64_t offset) const;
    std::uint64_t run_synchronous(std::uint64_t end_ns);
    std::uint64_t run_ring(std::uint64_t end_ns);

    Plan plan_;
    int file_;
    std::uint64_t blocks_;
    payload::bench::BlockOrder order_;
    std::uint64_t next_block_ = 0;
    std::uint8_t* buffers_;
    payload::bench::Histogram latencies_;
};

}  // namespace bench
