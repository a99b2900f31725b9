// SPDX-License-Identifier: Apache-2.0
#include "virtio_block/many.h"

#include "runtime/kvm_clock.h"
#include "virtio_block/requests.h"

namespace payload::block_commands {
namespace {

using virtio::Buffer;
using virtio::Disk;
namespace block = virtio::block;

constexpr unsigned kMaxDepth = 64;

/// Which block, and which piece of the data area, the request at a head is about.
std::uint64_t block_at[Disk::kMaxQueues][virtio::Ring::kMaxSize];
unsigned piece_at[Disk::kMaxQueues][virtio::Ring::kMaxSize];
bool piece_is_used[Disk::kMaxQueues * kMaxDepth];

/// A run of requests over all queues.
struct Run {
    Disk& disk;
    std::uint64_t first_sector;
    std::uint64_t blocks;
    std::uint64_t seed;
    unsigned depth;
    bool is_write;
    std::uint64_t block_size;

    std::uint64_t submitted = 0;
    std::uint64_t completed = 0;
    std::uint64_t failed = 0;
    std::uint64_t wrong = 0;

    std::uint64_t piece_address(unsigned piece) const {
        return data_address() + piece * block_size;
    }
    std::uint64_t offset_of(std::uint64_t number) const {
        return first_sector * block::kSectorSize + number * block_size;
    }
};

unsigned free_piece() {
    unsigned piece = 0;
    while (piece_is_used[piece]) {
        ++piece;
    }
    return piece;
}

bool submit_next(Run& run, unsigned queue) {
    const unsigned piece = free_piece();
    const std::uint64_t address = run.piece_address(piece);
    const std::uint64_t offset = run.offset_of(run.submitted);
    fill_pattern_quickly(address, run.block_size, offset, run.is_write ? run.seed : ~run.seed);
    const Buffer buffer = {address, static_cast<std::uint32_t>(run.block_size), !run.is_write};
    std::uint16_t head = 0;
    if (!run.disk.submit(queue,
                         {.type = run.is_write ? block::kOut : block::kIn,
                          .sector = offset / block::kSectorSize,
                          .data = &buffer,
                          .parts = 1},
                         head)) {
        return false;
    }
    piece_is_used[piece] = true;
    block_at[queue][head] = run.submitted++;
    piece_at[queue][head] = piece;
    return true;
}

void finish(Run& run, unsigned queue, const virtio::Completion& completion) {
    const unsigned piece = piece_at[queue][completion.head];
    piece_is_used[piece] = false;
    ++run.completed;
    if (run.disk.status_of(queue, completion.head) != block::kStatusOk) {
        ++run.failed;
    } else if (!run.is_write &&
               first_difference_quickly(run.piece_address(piece), run.block_size,
                                        run.offset_of(block_at[queue][completion.head]),
                                        run.seed) != run.block_size) {
        ++run.wrong;
    }
}

/// Fills each queue to its depth, then waits for one request of each.
bool round(Run& run, unsigned (&in_flight)[Disk::kMaxQueues]) {
    for (unsigned queue = 0; queue < run.disk.queue_count(); ++queue) {
        while (in_flight[queue] < run.depth && run.submitted < run.blocks &&
               submit_next(run, queue)) {
            ++in_flight[queue];
        }
        run.disk.publish(queue);
    }
    for (unsigned queue = 0; queue < run.disk.queue_count(); ++queue) {
        virtio::Completion completion = {};
        if (in_flight[queue] == 0) {
            continue;
        }
        if (!run.disk.wait(queue, completion)) {
            return false;
        }
        finish(run, queue, completion);
        --in_flight[queue];
    }
    return true;
}

Run run_of(Disk& disk, const Command& command) {
    Run run = {.disk = disk,
               .first_sector = command.number(0),
               .blocks = command.number(1),
               .seed = command.number(2),
               .depth = static_cast<unsigned>(command.number(3, 1)),
               .is_write = command.number(4) != 0,
               .block_size = command.number(5, 4096)};
    const std::uint64_t room = kDataSize / run.block_size / disk.queue_count();
    run.depth = run.depth < kMaxDepth ? run.depth : kMaxDepth;
    run.depth = run.depth < room ? run.depth : static_cast<unsigned>(room);
    return run;
}

}  // namespace

bool run_many(Disk& disk, const Command& command) {
    Run run = run_of(disk, command);
    memset(piece_is_used, 0, sizeof(piece_is_used));
    unsigned in_flight[Disk::kMaxQueues] = {};
    const std::uint64_t begin = kvm_clock::nanoseconds();
    bool comes = true;
    while (comes && run.completed < run.blocks) {
        comes = round(run, in_flight);
    }
    const std::uint64_t took = kvm_clock::nanoseconds() - begin;
    print(command.word, ": ", run.completed, " of ", run.blocks, " failed ", run.failed, " wrong ",
          run.wrong, " queues ", std::uint64_t{disk.queue_count()}, " ns ", took, "\n");
    return comes && run.wrong == 0;
}

}  // namespace payload::block_commands
