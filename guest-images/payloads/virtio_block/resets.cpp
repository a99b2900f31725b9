// SPDX-License-Identifier: Apache-2.0
#include "runtime/patience.h"
#include "virtio/disk_pattern.h"
#include "virtio/interrupt.h"
#include "virtio_block/many.h"
#include "virtio_block/requests.h"

namespace payload::block_commands {
namespace {

using virtio::Buffer;
using virtio::Disk;
namespace block = virtio::block;

constexpr std::uint64_t kPieceSize = 16384;
// Some 50 ms: longer than a request that was under way takes to come to an end.
constexpr std::uint64_t kWatchCycles = 125'000'000;
constexpr std::uint64_t kMarkSeed = 0x55;

/// No byte of the data area changes any more.
bool stays_untouched(std::uint64_t size) {
    fill_pattern_quickly(data_address(), size, 0, kMarkSeed);
    wait_until([] { return false; }, kWatchCycles);
    return first_difference_quickly(data_address(), size, 0, kMarkSeed) == size;
}

/// Puts `depth` requests on each queue; how many there are in all.
std::uint64_t put_in_flight(Disk& disk, std::uint64_t sector, std::uint64_t depth,
                            std::uint64_t seed, bool is_write) {
    const std::uint64_t room = kDataSize / kPieceSize;
    std::uint64_t count = 0;
    for (unsigned queue = 0; queue < disk.queue_count(); ++queue) {
        for (std::uint64_t i = 0; i < depth && count < room; ++i) {
            const std::uint64_t address = data_address() + count * kPieceSize;
            const std::uint64_t offset = sector * block::kSectorSize + count * kPieceSize;
            fill_pattern_quickly(address, kPieceSize, offset, seed);
            const Buffer buffer = {address, kPieceSize, !is_write};
            std::uint16_t head = 0;
            if (!disk.submit(queue,
                             {.type = is_write ? block::kOut : block::kIn,
                              .sector = offset / block::kSectorSize,
                              .data = &buffer,
                              .parts = 1},
                             head)) {
                break;
            }
            ++count;
        }
    }
    for (unsigned queue = 0; queue < disk.queue_count(); ++queue) {
        disk.publish(queue);
    }
    return count;
}

}  // namespace

bool reset_in_flight(Disk& disk, const Command& command) {
    const std::uint64_t count = put_in_flight(disk, command.number(0), command.number(1, 1),
                                              command.number(2), command.number(3) != 0);
    const bool was_reset = disk.device().reset();
    const bool untouched = was_reset && stays_untouched(count * kPieceSize);
    const bool is_up = was_reset && disk.bring_up();
    print(command.word, ": ", count, " in flight, reset ", was_reset ? "done" : "NOT done",
          ", memory ", untouched ? "left alone" : "TOUCHED", ", ", is_up ? "up" : "NOT up",
          " again\n");
    return was_reset && untouched && is_up;
}

bool reset_one_queue(Disk& disk, const Command& command) {
    if (!disk.device().has(virtio::kFeatureRingReset)) {
        print(command.word, ": the device does not offer it\n");
        return true;
    }
    virtio::Queue& queue = disk.queue(static_cast<unsigned>(command.number(0)));
    const bool was_reset = queue.reset();
    const bool is_ready = disk.device().read(virtio::kQueueReady) != 0;
    const bool is_up =
        was_reset && queue.set_up(disk.device(), queue.index(), disk.options().queue_size);
    print(command.word, ": reset ", was_reset ? "done" : "NOT done",
          is_ready ? ", still READY" : "", is_up ? ", set up again\n" : ", NOT set up again\n");
    return was_reset && !is_ready && is_up;
}

bool bring_up_again(Disk& disk, const Command& command) {
    const bool is_up = disk.bring_up();
    print(command.word, ": ", is_up ? "up\n" : "NOT up\n");
    return is_up;
}

bool wait_for_new_capacity(Disk& disk, const Command& command) {
    virtio::enable_interrupt(disk.device());
    const std::uint32_t seen = virtio::interrupt_counts(disk.device()).configuration;
    const std::uint32_t generation = disk.device().read(virtio::kConfigGeneration);
    print(command.word, ": waiting at capacity ", disk.capacity(), "\n");
    const bool came = virtio::sleep_until_configuration_change(disk.device(), seen);
    print(command.word, ": capacity ", disk.capacity(), " generation ",
          disk.device().read(virtio::kConfigGeneration) != generation ? "changed\n" : "THE SAME\n");
    return came;
}

}  // namespace payload::block_commands
