// SPDX-License-Identifier: Apache-2.0
#include "virtio/block/uring_engine.h"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <thread>

#include "base/check.h"
#include "base/log.h"
#include "base/units.h"

namespace skiff::virtio::block {
namespace {

// Places in the ring's table of files.
constexpr int kDataFile = 0;
constexpr int kBufferedFile = 1;

// What newer kernels make cheaper, best first: completions are worked off when this thread enters
// the kernel anyway or asks for it, not by interrupting it. (Not DEFER_TASKRUN: a ring of that kind
// does not become readable before somebody asks, so that a loop would sleep over it.)
constexpr std::array<unsigned, 3> kSetupFlags = {
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
    IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
    0,
};

// Copying more than this takes so long that it is a kernel thread's work: a driver may ask for
// nearly 4 GiB at once, and others wait for this thread.
constexpr std::uint64_t kMostBytesOnTheSpot = 8 * kMiB;

constexpr std::uint64_t kCancelCookie = UINT64_MAX;

/// Costs a few nanoseconds.
WriteStalls::Time coarse_now() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

Result<std::unique_ptr<IoEngine>> UringEngine::create(const DiskFile& file, unsigned depth) {
    std::unique_ptr<UringEngine> engine(new UringEngine(file, depth));
    SKIFF_RETURN_IF_ERROR(engine->set_up(depth));
    return std::unique_ptr<IoEngine>(std::move(engine));
}

Result<void> UringEngine::set_up(unsigned depth) {
    int result = -EINVAL;
    for (std::size_t i = 0; i < kSetupFlags.size() && result == -EINVAL; ++i) {
        result = ::io_uring_queue_init(depth, &ring_, kSetupFlags.at(i));
    }
    if (result < 0) {
        return Error::host(-result, "io_uring cannot be used");
    }
    ring_is_there_ = true;
    const std::array files = {file_.fd(), file_.buffered_fd()};
    result = ::io_uring_register_files(&ring_, files.data(), files.size());
    if (result < 0) {
        return Error::host(-result, "io_uring takes no files");
    }
    generation_ = file_.generation();
    return {};
}

UringEngine::~UringEngine() {
    SKIFF_CHECK(in_flight_ == 0);
    if (ring_is_there_) {
        // The kernel frees a ring some time after it is closed. The files, with their locks, are
        // to be free when we are gone.
        ::io_uring_unregister_files(&ring_);
        ::io_uring_queue_exit(&ring_);
    }
}

IoEngine::Attempt UringEngine::try_now(const IoOperation& operation) {
    if (operation.length_bytes > kMostBytesOnTheSpot) {
        return {};
    }
    switch (operation.kind) {
        case IoOperation::Kind::kRead:
            return read_now(operation);
        case IoOperation::Kind::kWrite:
            return write_now(operation);
        case IoOperation::Kind::kFlush:
            if (file_.in_memory()) {
                return {.done = true};  // nothing lies below that it could be written to
            }
            break;
        case IoOperation::Kind::kDiscard:
        case IoOperation::Kind::kWriteZeroes:
            break;
    }
    return {};
}

IoEngine::Attempt UringEngine::read_now(const IoOperation& operation) {
    const bool waits = !read_nowait_works_ && !file_.in_memory();
    const bool goes_around = file_.direct() && !file_.in_memory() &&
                             file_.aligned_for_direct(operation.offset_bytes, operation.buffers);
    if (waits || goes_around) {
        return {};
    }
    const int flags = file_.in_memory() ? 0 : RWF_NOWAIT;
    const ssize_t count = ::preadv2(file_.buffered_fd(), operation.buffers.data(),
                                    static_cast<int>(operation.buffers.size()),
                                    static_cast<off_t>(operation.offset_bytes), flags);
    if (count == static_cast<ssize_t>(operation.length_bytes)) {
        return {.done = true};
    }
    if (count >= 0) {
        return {.done = false, .error = 0, .transferred_bytes = static_cast<std::uint64_t>(count)};
    }
    if (errno == EOPNOTSUPP) {
        read_nowait_works_ = false;
        return {};
    }
    if (errno == EAGAIN || errno == EINTR) {
        return {};
    }
    return {.done = true, .error = errno};
}

IoEngine::Attempt UringEngine::write_now(const IoOperation& operation) {
    const bool goes_around = file_.direct() && !file_.in_memory() &&
                             file_.aligned_for_direct(operation.offset_bytes, operation.buffers);
    if (operation.durable || goes_around) {
        return {};
    }
    const auto begin = coarse_now();
    if (!file_.in_memory() && write_stalls_.avoid(begin)) {
        return {};
    }
    const ssize_t count = ::pwritev2(file_.buffered_fd(), operation.buffers.data(),
                                     static_cast<int>(operation.buffers.size()),
                                     static_cast<off_t>(operation.offset_bytes), 0);
    write_stalls_.wrote(begin, coarse_now());
    if (count == static_cast<ssize_t>(operation.length_bytes)) {
        return {.done = true};
    }
    if (count > 0) {
        return {.done = false, .error = 0, .transferred_bytes = static_cast<std::uint64_t>(count)};
    }
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) {
        return {};
    }
    return {.done = true, .error = count < 0 ? errno : EIO};
}

void UringEngine::start(const IoOperation& operation, std::uint64_t transferred_bytes,
                        std::uint16_t cookie) {
    Pending& pending = pending_.at(cookie);
    pending.operation = operation;
    pending.done_bytes = transferred_bytes;
    pending.method = first_method(operation);
    pending.direct = fd_for(file_, operation) != file_.buffered_fd();
    ++in_flight_;
    queue(cookie);
}

/// The ring has a table of its own of the disk's files.
void UringEngine::follow_file() {
    if (generation_ == file_.generation()) {
        return;
    }
    const std::array files = {file_.fd(), file_.buffered_fd()};
    const int count = ::io_uring_register_files_update(&ring_, 0, files.data(), files.size());
    SKIFF_CHECK(count == static_cast<int>(files.size()));  // places that are there already
    generation_ = file_.generation();
}

void UringEngine::queue(std::uint16_t cookie) {
    follow_file();
    io_uring_sqe* const entry = ::io_uring_get_sqe(&ring_);
    SKIFF_CHECK(entry != nullptr);  // a place a cookie, and a cookie is queued once at a time
    prepare(*entry, pending_.at(cookie));
    entry->user_data = cookie;
    ++queued_;
}

void UringEngine::prepare(io_uring_sqe& entry, Pending& pending) {
    const IoOperation& operation = pending.operation;
    switch (operation.kind) {
        case IoOperation::Kind::kRead:
        case IoOperation::Kind::kWrite:
            prepare_transfer(entry, pending, pending.direct ? kDataFile : kBufferedFile);
            break;
        case IoOperation::Kind::kFlush:
            ::io_uring_prep_fsync(&entry, kDataFile, IORING_FSYNC_DATASYNC);
            break;
        case IoOperation::Kind::kDiscard:
        case IoOperation::Kind::kWriteZeroes:
            if (pending.method == RangeMethod::kWriteZeroes) {
                prepare_zeroes(entry, pending);
            } else {
                ::io_uring_prep_fallocate(&entry, kDataFile, fallocate_mode(pending.method),
                                          static_cast<off_t>(operation.offset_bytes),
                                          static_cast<off_t>(operation.length_bytes));
            }
            break;
    }
    entry.flags |= IOSQE_FIXED_FILE;
}

void UringEngine::prepare_transfer(io_uring_sqe& entry, Pending& pending, int file_index) {
    const IoOperation& operation = pending.operation;
    std::span<const iovec> buffers = operation.buffers;
    if (pending.done_bytes != 0) {
        skip(operation.buffers, pending.done_bytes, pending.rest);
        buffers = pending.rest;
    }
    const std::uint64_t offset = operation.offset_bytes + pending.done_bytes;
    const bool copies_much = !pending.direct && operation.length_bytes > kMostBytesOnTheSpot;
    const auto count = static_cast<unsigned>(buffers.size());
    if (operation.kind == IoOperation::Kind::kRead) {
        ::io_uring_prep_readv(&entry, file_index, buffers.data(), count, offset);
    } else {
        ::io_uring_prep_writev2(&entry, file_index, buffers.data(), count, offset,
                                operation.durable ? RWF_DSYNC : 0);
    }
    entry.flags |= copies_much ? IOSQE_ASYNC : 0U;
}

void UringEngine::prepare_zeroes(io_uring_sqe& entry, Pending& pending) {
    const IoOperation& operation = pending.operation;
    const auto buffers = zeros(operation.length_bytes - pending.done_bytes, pending.rest);
    ::io_uring_prep_writev(&entry, kBufferedFile, buffers.data(),
                           static_cast<unsigned>(buffers.size()),
                           operation.offset_bytes + pending.done_bytes);
}

void UringEngine::submit() {
    // The kernel may lack memory for a moment; what it did not take stays queued.
    constexpr int kAttempts = 1000;
    for (int attempt = 0; queued_ != 0 && attempt < kAttempts; ++attempt) {
        const int taken = ::io_uring_submit(&ring_);
        if (taken >= 0) {
            queued_ -= std::min(queued_, static_cast<unsigned>(taken));
        } else if (taken != -EINTR) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    if (queued_ != 0) {
        log::error("disk '{}': the kernel takes no more requests", file_.path());
    }
}

bool UringEngine::poll(const Completed& completed) {
    if (in_flight_ == 0) {
        return false;
    }
    std::array<io_uring_cqe*, 32> entries{};
    bool any = false;
    while (true) {
        const unsigned count = ::io_uring_peek_batch_cqe(&ring_, entries.data(), entries.size());
        for (unsigned i = 0; i < count; ++i) {
            const auto cookie = static_cast<std::uint16_t>(entries.at(i)->user_data);
            if (const auto error = advance(cookie, entries.at(i)->res)) {
                --in_flight_;
                completed(cookie, *error);
            }
        }
        ::io_uring_cq_advance(&ring_, count);
        any = any || count != 0;
        if (count < entries.size()) {
            break;
        }
    }
    submit();
    return any;
}

/// The result of an operation that is at its end; nothing where it goes on.
std::optional<int> UringEngine::advance(std::uint16_t cookie, int result) {
    switch (pending_.at(cookie).operation.kind) {
        case IoOperation::Kind::kRead:
        case IoOperation::Kind::kWrite:
            return advance_transfer(cookie, result);
        case IoOperation::Kind::kFlush:
            return result < 0 ? -result : 0;
        case IoOperation::Kind::kDiscard:
        case IoOperation::Kind::kWriteZeroes:
            return advance_range(cookie, result);
    }
    return EINVAL;
}

std::optional<int> UringEngine::advance_transfer(std::uint16_t cookie, int result) {
    Pending& pending = pending_.at(cookie);
    if (result == 0 || (result < 0 && result != -EINTR && result != -EAGAIN)) {
        return result == 0 ? EIO : -result;  // 0: behind the end of the file
    }
    pending.done_bytes += static_cast<std::uint64_t>(std::max(result, 0));
    if (pending.done_bytes >= pending.operation.length_bytes) {
        return 0;
    }
    queue(cookie);
    return std::nullopt;
}

std::optional<int> UringEngine::advance_range(std::uint16_t cookie, int result) {
    Pending& pending = pending_.at(cookie);
    if (pending.method == RangeMethod::kWriteZeroes) {
        return advance_transfer(cookie, result);
    }
    if (result == -EINTR || result == -EAGAIN) {
        queue(cookie);
        return std::nullopt;
    }
    if (result >= 0 || !means_unsupported(-result)) {
        return -result;
    }
    const IoOperation& operation = pending.operation;
    const auto next = next_method(operation, pending.method, file_.is_block_device());
    if (!next.has_value()) {
        return -result;
    }
    if (*next == RangeMethod::kDiscardBlocks) {
        return discard_blocks(file_.fd(), operation.offset_bytes, operation.length_bytes);
    }
    pending.method = *next;
    queue(cookie);
    return std::nullopt;
}

void UringEngine::stop() {
    submit();
    if (in_flight_ != 0) {
        // What has not been begun need not be: nobody waits for it any more.
        if (io_uring_sqe* const entry = ::io_uring_get_sqe(&ring_)) {
            ::io_uring_prep_cancel64(entry, 0, IORING_ASYNC_CANCEL_ALL | IORING_ASYNC_CANCEL_ANY);
            entry->user_data = kCancelCookie;
            ++queued_;
            submit();
        }
    }
    while (in_flight_ != 0) {
        io_uring_cqe* entry = nullptr;
        const int result = ::io_uring_wait_cqe(&ring_, &entry);
        SKIFF_CHECK(result == 0 || result == -EINTR || result == -EAGAIN);
        if (result == 0) {
            // Short transfers and refused methods are not continued.
            in_flight_ -= entry->user_data == kCancelCookie ? 0 : 1;
            ::io_uring_cqe_seen(&ring_, entry);
        }
    }
}

Result<std::unique_ptr<IoEngine>> make_uring_engine(const DiskFile& file, unsigned depth) {
    return UringEngine::create(file, depth);
}

}  // namespace skiff::virtio::block
