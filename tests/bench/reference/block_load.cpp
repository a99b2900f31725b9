// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/reference/block_load.h"

#include <err.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "guest-images/payloads/virtio/disk_pattern.h"

namespace bench {
namespace {

constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::size_t kAlignment = 4096;

std::uint64_t clock_ns(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * kNanosecondsPerSecond +
           static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t now_ns() {
    return clock_ns(CLOCK_MONOTONIC);
}

int open_disk(const Plan& plan) {
    const int flags = O_RDWR | O_CLOEXEC | (plan.is_direct ? O_DIRECT : 0);
    const int file = open(plan.path.c_str(), flags);
    if (file < 0) {
        err(1, "%s", plan.path.c_str());
    }
    return file;
}

std::uint64_t blocks_of(int file, std::uint64_t block_bytes) {
    struct stat status {};
    if (fstat(file, &status) != 0) {
        err(1, "fstat");
    }
    return static_cast<std::uint64_t>(status.st_size) / block_bytes;
}

}  // namespace

Load::Load(const Plan& plan)
    : plan_(plan),
      file_(open_disk(plan)),
      blocks_(blocks_of(file_, plan.block_bytes)),
      order_(blocks_),
      buffers_(
          static_cast<std::uint8_t*>(aligned_alloc(kAlignment, plan.depth * plan.block_bytes))) {
    if (buffers_ == nullptr || blocks_ < 2) {
        errx(1, "%s is too small", plan.path.c_str());
    }
}

std::uint64_t Load::next_offset() {
    if (plan_.operation != Operation::kSequentialRead) {
        return order_.next() * plan_.block_bytes;
    }
    next_block_ = next_block_ + 1 < blocks_ ? next_block_ + 1 : 0;
    return next_block_ * plan_.block_bytes;
}

void Load::prepare(std::uint8_t* data, std::uint64_t offset) const {
    if (is_write()) {
        payload::fill_pattern(reinterpret_cast<std::uint64_t>(data), plan_.block_bytes, offset,
                              plan_.written_seed);
    }
}

void Load::check(const std::uint8_t* data, std::uint64_t offset) const {
    if (!is_write() && !payload::has_pattern(reinterpret_cast<std::uint64_t>(data),
                                             plan_.block_bytes, offset, plan_.seed)) {
        errx(1, "%s: wrong content at byte %llu", plan_.path.c_str(),
             static_cast<unsigned long long>(offset));
    }
}

std::uint64_t Load::run_synchronous(std::uint64_t end_ns) {
    std::uint64_t requests = 0;
    for (std::uint64_t begin = now_ns(); begin < end_ns; begin = now_ns()) {
        const std::uint64_t offset = next_offset();
        const iovec data = {.iov_base = buffer(0), .iov_len = plan_.block_bytes};
        prepare(buffer(0), offset);
        const std::uint64_t before = now_ns();
        const ssize_t done = is_write() ? pwritev2(file_, &data, 1, static_cast<off_t>(offset), 0)
                                        : preadv2(file_, &data, 1, static_cast<off_t>(offset), 0);
        latencies_.add(now_ns() - before);
        if (done != static_cast<ssize_t>(plan_.block_bytes)) {
            err(1, "%s: %zd bytes done", plan_.path.c_str(), done);
        }
        check(buffer(0), offset);
        ++requests;
    }
    return requests;
}

std::uint64_t Load::run_ring(std::uint64_t end_ns) {
    struct Request {
        std::uint64_t offset = 0;
        std::uint64_t submitted_ns = 0;
    };
    std::vector<Request> in_flight(plan_.depth);
    io_uring ring{};
    if (const int error = io_uring_queue_init(plan_.depth, &ring, 0); error != 0) {
        errx(1, "io_uring_queue_init: error %d", error);
    }
    const auto submit = [&](unsigned index) {
        Request& request = in_flight[index];
        request = {.offset = next_offset(), .submitted_ns = now_ns()};
        prepare(buffer(index), request.offset);
        io_uring_sqe* entry = io_uring_get_sqe(&ring);
        const auto size = static_cast<unsigned>(plan_.block_bytes);
        if (is_write()) {
            io_uring_prep_write(entry, file_, buffer(index), size, request.offset);
        } else {
            io_uring_prep_read(entry, file_, buffer(index), size, request.offset);
        }
        io_uring_sqe_set_data(entry, &request);
    };
    for (unsigned i = 0; i < plan_.depth; ++i) {
        submit(i);
    }
    std::uint64_t requests = 0;
    unsigned waiting = plan_.depth;
    while (waiting != 0) {
        io_uring_submit_and_wait(&ring, 1);
        io_uring_cqe* completed = nullptr;
        while (io_uring_peek_cqe(&ring, &completed) == 0) {
            const auto* request = static_cast<const Request*>(io_uring_cqe_get_data(completed));
            const auto index = static_cast<unsigned>(request - in_flight.data());
            const std::uint64_t now = now_ns();
            if (completed->res != static_cast<int>(plan_.block_bytes)) {
                errx(1, "%s: result %d", plan_.path.c_str(), completed->res);
            }
            io_uring_cqe_seen(&ring, completed);
            latencies_.add(now - request->submitted_ns);
            check(buffer(index), request->offset);
            ++requests;
            if (now < end_ns) {
                submit(index);
            } else {
                --waiting;
            }
        }
    }
    io_uring_queue_exit(&ring);
    return requests;
}

Outcome Load::run(std::uint64_t milliseconds) {
    latencies_.clear();
    const std::uint64_t cpu_before = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    const std::uint64_t begin = now_ns();
    const std::uint64_t end = begin + milliseconds * 1'000'000;
    Outcome outcome;
    outcome.requests = plan_.is_direct ? run_ring(end) : run_synchronous(end);
    outcome.nanoseconds = now_ns() - begin;
    outcome.cpu_nanoseconds = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_before;
    return outcome;
}

}  // namespace bench
