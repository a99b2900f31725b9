// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "virtio/disk.h"
#include "virtio_block_bench/block_order.h"
#include "virtio_block_bench/histogram.h"

namespace payload::bench {

enum class Operation { kRandomRead, kRandomWrite, kSequentialRead };

/// What to do to the disk.
struct Plan {
    Operation operation;
    std::uint64_t block_size;
    unsigned depth;
    /// What the disk holds, and what is written to it.
    std::uint64_t seed;
    std::uint64_t written_seed;
};

/// A load on one queue, run at CPL 3: the ring is filled to its depth and polled; of each completed
/// block every byte is checked, then the next request takes its place at once.
class Load {
  public:
    enum class Fault { kNone, kNotUsed, kStatus, kContent, kNoRoom };

    /// Everything that a run leaves behind.
    struct Outcome {
        Fault fault = Fault::kNone;
        /// Byte of the disk, or status, that the fault is about.
        std::uint64_t fault_at = 0;
        std::uint64_t requests = 0;
        /// From the first request's submission to the last one's completion.
        std::uint64_t cycles = 0;
        std::uint64_t notifications = 0;
    };

    /// False where memory is short. `order` goes on from run to run.
    bool set_up(virtio::Disk& disk, const Plan& plan);
    /// Goes on for so many cycles, or so many requests if `count` is not 0; ends with none in
    /// flight.
    Outcome run(std::uint64_t cycles, std::uint64_t count);
    /// Of the last run, in cycles from just before publishing to having seen the used index.
    const Histogram& latencies() const { return latencies_; }

  private:
    struct InFlight {
        std::uint64_t buffer;
        std::uint64_t offset;
        std::uint64_t submitted_at;
    };

    bool submit(std::uint64_t buffer);
    bool finish(const virtio::Completion& completion, std::uint64_t now);
    std::uint64_t next_offset();
    bool is_write() const { return plan_.operation == Operation::kRandomWrite; }

    virtio::Disk* disk_ = nullptr;
    Plan plan_ = {};
    BlockOrder order_{1};
    std::uint64_t blocks_ = 0;
    std::uint64_t next_block_ = 0;
    std::uint64_t buffers_ = 0;
    InFlight in_flight_[virtio::Ring::kMaxSize] = {};
    Histogram latencies_;
    Outcome outcome_;
};

}  // namespace payload::bench
