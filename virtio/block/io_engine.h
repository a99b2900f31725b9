// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/result.h"
#include "virtio/block/disk_file.h"

namespace skiff::virtio::block {

/// One thing to be done to a disk. The range was checked against the capacity.
struct IoOperation {
    enum class Kind : std::uint8_t { kRead, kWrite, kFlush, kDiscard, kWriteZeroes };

    Kind kind = Kind::kFlush;
    /// kWrite: on stable storage when it is done.
    bool durable = false;
    /// kWriteZeroes: the host's blocks may be given back.
    bool may_unmap = false;
    std::uint64_t offset_bytes = 0;
    std::uint64_t length_bytes = 0;
    /// kRead, kWrite: `length_bytes` of guest memory, there until the operation is done.
    std::span<const iovec> buffers;
};

/// Does what a queue asks of its disk: on the spot, or later. Belongs to the queue's thread.
class IoEngine {
  public:
    /// What was given to start(), and 0 or the errno.
    using Completed = std::function<void(std::uint16_t cookie, int error)>;

    struct Attempt {
        bool done = false;
        int error = 0;                        ///< Where it is done.
        std::uint64_t transferred_bytes = 0;  ///< Where it is not: what start() need not do again.
    };

    virtual ~IoEngine() = default;

    /// Does it without waiting for the host's storage, if that is possible.
    virtual Attempt try_now(const IoOperation& operation) = 0;

    /// Begins what try_now() could not do, but for its first `transferred_bytes`. `cookie` is below
    /// the depth that the engine was made for, and not in use.
    virtual void start(const IoOperation& operation, std::uint64_t transferred_bytes,
                       std::uint16_t cookie) = 0;

    /// Hands what was started to the host. Once for many.
    virtual void submit() = 0;

    /// Reports what was finished since the last time, without waiting; `completed` may start more.
    /// True where there was something.
    virtual bool poll(const Completed& completed) = 0;

    /// Becomes readable when poll() has work; -1 where nothing is ever done later.
    virtual int event_fd() const = 0;

    /// Ends all that was started: when it returns, nothing touches the buffers any more. Nothing of
    /// it is reported.
    virtual void stop() = 0;
};

/// The engine for one queue with at most `depth` operations at a time, on the thread that will use
/// it. `file` outlives it.
Result<std::unique_ptr<IoEngine>> make_uring_engine(const DiskFile& file, unsigned depth);
std::unique_ptr<IoEngine> make_sync_engine(const DiskFile& file);

}  // namespace skiff::virtio::block
