// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <liburing.h>

#include <optional>
#include <vector>

#include "virtio/block/host_io.h"
#include "virtio/block/io_engine.h"
#include "virtio/block/write_stalls.h"

namespace skiff::virtio::block {

/// What the page cache can answer, and what it can take, on the spot; the rest through io_uring.
///
/// A buffered write goes on the spot too: through the ring it would be done by a kernel thread, at
/// two to three times the cost. (But see WriteStalls.)
class UringEngine : public IoEngine {
  public:
    static Result<std::unique_ptr<IoEngine>> create(const DiskFile& file, unsigned depth);
    ~UringEngine() override;
    UringEngine(const UringEngine&) = delete;
    UringEngine& operator=(const UringEngine&) = delete;

    Attempt try_now(const IoOperation& operation) override;
    void start(const IoOperation& operation, std::uint64_t transferred_bytes,
               std::uint16_t cookie) override;
    void submit() override;
    bool poll(const Completed& completed) override;
    int event_fd() const override { return ring_.ring_fd; }
    void stop() override;

  private:
    /// An operation that the kernel has, or will have.
    struct Pending {
        IoOperation operation;
        std::uint64_t done_bytes = 0;
        RangeMethod method = RangeMethod::kPunchHole;
        bool direct = false;
        std::vector<iovec> rest;  // what is left of the buffers, where something was done before
    };

    explicit UringEngine(const DiskFile& file, unsigned depth) : file_(file), pending_(depth) {}

    Result<void> set_up(unsigned depth);
    Attempt read_now(const IoOperation& operation);
    Attempt write_now(const IoOperation& operation);
    void follow_file();
    void queue(std::uint16_t cookie);
    void prepare(io_uring_sqe& entry, Pending& pending);
    void prepare_transfer(io_uring_sqe& entry, Pending& pending, int file_index);
    void prepare_zeroes(io_uring_sqe& entry, Pending& pending);
    std::optional<int> advance(std::uint16_t cookie, int result);
    std::optional<int> advance_transfer(std::uint16_t cookie, int result);
    std::optional<int> advance_range(std::uint16_t cookie, int result);

    const DiskFile& file_;
    io_uring ring_{};
    bool ring_is_there_ = false;
    bool read_nowait_works_ = true;
    unsigned queued_ = 0;      // entries that the kernel does not have yet
    unsigned in_flight_ = 0;   // operations begun and not reported
    unsigned generation_ = 0;  // of the file that the ring has
    WriteStalls write_stalls_;
    std::vector<Pending> pending_;  // by cookie
    std::vector<iovec> rest_;
};

}  // namespace skiff::virtio::block
