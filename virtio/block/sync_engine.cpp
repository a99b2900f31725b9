// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/check.h"
#include "virtio/block/host_io.h"
#include "virtio/block/io_engine.h"

namespace skiff::virtio::block {
namespace {

/// Does everything on the spot, and waits for the storage there: for hosts that refuse io_uring.
class SyncEngine : public IoEngine {
  public:
    explicit SyncEngine(const DiskFile& file) : file_(file) {}

    Attempt try_now(const IoOperation& operation) override {
        return {.done = true, .error = perform(operation), .transferred_bytes = 0};
    }
    void start(const IoOperation& /*operation*/, std::uint64_t /*transferred_bytes*/,
               std::uint16_t /*cookie*/) override {
        SKIFF_CHECK(false);  // try_now() leaves nothing to be started
    }
    void submit() override {}
    bool poll(const Completed& /*completed*/) override { return false; }
    int event_fd() const override { return -1; }
    void stop() override {}

  private:
    int perform(const IoOperation& operation) {
        switch (operation.kind) {
            case IoOperation::Kind::kRead:
            case IoOperation::Kind::kWrite:
                return transfer(operation);
            case IoOperation::Kind::kFlush:
                return ::fdatasync(file_.fd()) == 0 ? 0 : errno;
            case IoOperation::Kind::kDiscard:
            case IoOperation::Kind::kWriteZeroes:
                return change_range(operation);
        }
        return EINVAL;
    }

    /// One call for nearly every request; the loop is for short transfers.
    int transfer(const IoOperation& operation) {
        const int fd = fd_for(file_, operation);
        std::span<const iovec> buffers = operation.buffers;
        for (std::uint64_t done = 0; done < operation.length_bytes;) {
            const ssize_t count = call(fd, operation, buffers, done);
            if (count < 0 && errno == EINTR) {
                continue;
            }
            if (count <= 0) {
                return count < 0 ? errno : EIO;  // 0: behind the end of the file
            }
            done += static_cast<std::uint64_t>(count);
            if (done < operation.length_bytes) {
                skip(operation.buffers, done, rest_);
                buffers = rest_;
            }
        }
        return 0;
    }

    static ssize_t call(int fd, const IoOperation& operation, std::span<const iovec> buffers,
                        std::uint64_t done) {
        const auto offset = static_cast<off_t>(operation.offset_bytes + done);
        const int count = static_cast<int>(buffers.size());
        if (operation.kind == IoOperation::Kind::kRead) {
            return ::preadv(fd, buffers.data(), count, offset);
        }
        return ::pwritev2(fd, buffers.data(), count, offset, operation.durable ? RWF_DSYNC : 0);
    }

    int change_range(const IoOperation& operation) {
        for (RangeMethod method = first_method(operation);;) {
            const int error = change_range_by(method, operation);
            if (!means_unsupported(error)) {
                return error;
            }
            const auto next = next_method(operation, method, file_.is_block_device());
            if (!next.has_value()) {
                return error;
            }
            method = *next;
        }
    }

    int change_range_by(RangeMethod method, const IoOperation& operation) {
        if (method == RangeMethod::kDiscardBlocks) {
            return discard_blocks(file_.fd(), operation.offset_bytes, operation.length_bytes);
        }
        if (method == RangeMethod::kWriteZeroes) {
            return write_zeroes(operation);
        }
        int result = 0;
        do {
            result = ::fallocate(file_.fd(), fallocate_mode(method),
                                 static_cast<off_t>(operation.offset_bytes),
                                 static_cast<off_t>(operation.length_bytes));
        } while (result != 0 && errno == EINTR);
        return result == 0 ? 0 : errno;
    }

    int write_zeroes(const IoOperation& operation) {
        for (std::uint64_t done = 0; done < operation.length_bytes;) {
            const auto buffers = zeros(operation.length_bytes - done, rest_);
            const ssize_t count =
                ::pwritev(file_.buffered_fd(), buffers.data(), static_cast<int>(buffers.size()),
                          static_cast<off_t>(operation.offset_bytes + done));
            if (count < 0 && errno == EINTR) {
                continue;
            }
            if (count <= 0) {
                return count < 0 ? errno : EIO;
            }
            done += static_cast<std::uint64_t>(count);
        }
        return 0;
    }

    const DiskFile& file_;
    std::vector<iovec> rest_;
};

}  // namespace

std::unique_ptr<IoEngine> make_sync_engine(const DiskFile& file) {
    return std::make_unique<SyncEngine>(file);
}

}  // namespace skiff::virtio::block
