// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "virtio/disk.h"
#include "virtio_block/words.h"

/// What virtio_block does with one request at a time. Each prints one line and is true where the
/// device did what VIRTIO asks of it, whatever the status: the test compares that.
namespace payload::block_commands {

/// Where the data of requests lies.
constexpr std::uint64_t kDataSize = 4 << 20;
bool set_up_data();
std::uint64_t data_address();

/// first_difference() and fill_pattern() at CPL 3.
std::uint64_t first_difference_quickly(std::uint64_t address, std::uint64_t size,
                                       std::uint64_t offset, std::uint64_t seed);
void fill_pattern_quickly(std::uint64_t address, std::uint64_t size, std::uint64_t offset,
                          std::uint64_t seed);

bool print_configuration(virtio::Disk& disk, const Command& command);
/// read:SECTOR:COUNT:SEED[:QUEUE]
bool read(virtio::Disk& disk, const Command& command);
/// write:SECTOR:COUNT:SEED[:QUEUE]
bool write(virtio::Disk& disk, const Command& command);
/// framing:SECTOR:COUNT:SEED: a read whose header is two buffers, whose data is several of odd
/// sizes, and whose status lies right behind the data in the same buffer (2.7.4).
bool read_oddly_framed(virtio::Disk& disk, const Command& command);
bool flush(virtio::Disk& disk, const Command& command);
bool get_id(virtio::Disk& disk, const Command& command);
/// discard:SECTOR:COUNT[:SECTOR:COUNT]…
bool discard(virtio::Disk& disk, const Command& command);
/// zeroes:SECTOR:COUNT[:UNMAP]
bool write_zeroes(virtio::Disk& disk, const Command& command);
/// raw:TYPE:SECTOR:BYTES:WRITABLE[:FLAGS]: any type, with that much data in one buffer (none for 0
/// bytes); FLAGS go into the range where the type has one.
bool raw(virtio::Disk& disk, const Command& command);

}  // namespace payload::block_commands
