// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "virtio/disk.h"
#include "virtio_block/words.h"

/// What virtio_block does with many requests at a time; see requests.h.
namespace payload::block_commands {

/// many:SECTOR:BLOCKS:SEED:DEPTH[:WRITE[:BLOCK_SIZE]]: reads (or writes) so many blocks in a row,
/// 4096 bytes each, spread over all queues, up to DEPTH of them in flight on each; checks what it
/// read and tells the time it took.
bool run_many(virtio::Disk& disk, const Command& command);

/// reset_in_flight:SECTOR:DEPTH:SEED[:WRITE]: resets the device while so many requests are in
/// flight on each queue, watches that none of them touches memory after the reset has been
/// answered, and brings the device up again.
bool reset_in_flight(virtio::Disk& disk, const Command& command);

/// queue_reset:QUEUE: resets one queue (2.6.1), and makes it work again.
bool reset_one_queue(virtio::Disk& disk, const Command& command);

/// again: resets the device and brings it up as for the first time.
bool bring_up_again(virtio::Disk& disk, const Command& command);

/// resized: tells that it waits, sleeps to the next configuration change and prints the capacity.
bool wait_for_new_capacity(virtio::Disk& disk, const Command& command);

}  // namespace payload::block_commands
