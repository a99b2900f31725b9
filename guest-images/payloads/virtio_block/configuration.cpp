// SPDX-License-Identifier: Apache-2.0
#include "virtio_block/requests.h"

namespace payload::block_commands {
namespace {

using virtio::Disk;
namespace block = virtio::block;
namespace config = virtio::block::config;

template <typename T>
void print_field(Disk& disk, std::uint64_t feature, const char* name, std::uint64_t offset) {
    if (disk.device().has(feature)) {
        print(" ", name, " ", std::uint64_t{disk.device().config<T>(offset)});
    }
}

}  // namespace

bool print_configuration(Disk& disk, const Command& command) {
    print(command.word, ": offered ", Hex{disk.device().offered_features()}, " accepted ",
          Hex{disk.device().features()}, " capacity ", disk.capacity(), " queue_size_max ");
    disk.device().write(virtio::kQueueSel, 0);
    print(std::uint64_t{disk.device().read(virtio::kQueueSizeMax)});
    print_field<std::uint32_t>(disk, block::kSizeMax, "size_max", config::kSizeMax);
    print_field<std::uint32_t>(disk, block::kSegMax, "seg_max", config::kSegMax);
    print_field<std::uint32_t>(disk, block::kBlockSize, "blk_size", config::kBlockSize);
    print_field<std::uint8_t>(disk, block::kTopology, "physical_block_exp",
                              config::kPhysicalBlockExp);
    print_field<std::uint8_t>(disk, block::kTopology, "alignment_offset", config::kAlignmentOffset);
    print_field<std::uint16_t>(disk, block::kTopology, "min_io_size", config::kMinIoSize);
    print_field<std::uint32_t>(disk, block::kTopology, "opt_io_size", config::kOptIoSize);
    print_field<std::uint8_t>(disk, block::kConfigWce, "writeback", config::kWriteback);
    print_field<std::uint16_t>(disk, block::kMultiQueue, "num_queues", config::kNumQueues);
    print_field<std::uint32_t>(disk, block::kDiscard, "max_discard_sectors",
                               config::kMaxDiscardSectors);
    print_field<std::uint32_t>(disk, block::kDiscard, "max_discard_seg", config::kMaxDiscardSeg);
    print_field<std::uint32_t>(disk, block::kDiscard, "discard_sector_alignment",
                               config::kDiscardAlignment);
    print_field<std::uint32_t>(disk, block::kWriteZeroes, "max_write_zeroes_sectors",
                               config::kMaxWriteZeroesSectors);
    print_field<std::uint32_t>(disk, block::kWriteZeroes, "max_write_zeroes_seg",
                               config::kMaxWriteZeroesSeg);
    print_field<std::uint8_t>(disk, block::kWriteZeroes, "write_zeroes_may_unmap",
                              config::kWriteZeroesMayUnmap);
    print("\n");
    return true;
}

}  // namespace payload::block_commands
