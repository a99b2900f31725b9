// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace skiff::virtio {

/// How a driver broke the rules of a queue (VIRTIO 1.2, 2.7). Any of them latches the device until
/// it is reset.
enum class QueueError {
    kSizeIsNotAPowerOfTwo,   ///< Or is zero, or above the queue's maximum.
    kMisalignedRing,         ///< 2.7: a part of the queue is not aligned as it must be.
    kRingOutsideMemory,      ///< A part of the queue is not RAM.
    kAvailIndexJump,         ///< The avail index moved by more than the queue's size.
    kTooManyInFlight,        ///< More chains than the queue has entries were not used yet.
    kHeadOutOfRange,         ///< An avail entry names no descriptor.
    kNextOutOfRange,         ///< A descriptor names no successor.
    kChainTooLong,           ///< 2.7.5.3.1: a chain is longer than the queue (or it loops).
    kChainTooLarge,          ///< The buffers of a chain are 4 GiB or more in all.
    kBufferOutsideMemory,    ///< A buffer is not RAM.
    kReadableAfterWritable,  ///< 2.7.4.2: readable buffers come before writable ones.
    kIndirectNotNegotiated,
    kIndirectNested,       ///< 2.7.5.3.1: an indirect table refers to another one.
    kIndirectWithNext,     ///< 2.7.5.3.1: both flags in one descriptor.
    kIndirectTableLength,  ///< Zero, no multiple of a descriptor, or longer than the queue.
    kIndirectOutsideMemory,
    kMalformedRequest,  ///< The chain is in order, what the device finds in it is not.
};

/// What happened, for a log line: "the avail index jumped by more than the queue's size".
std::string_view describe(QueueError error);

}  // namespace skiff::virtio
