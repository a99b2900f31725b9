// SPDX-License-Identifier: Apache-2.0
#include "virtio/queue/queue_error.h"

namespace skiff::virtio {

std::string_view describe(QueueError error) {
    switch (error) {
        case QueueError::kSizeIsNotAPowerOfTwo:
            return "its size is no power of two within the maximum";
        case QueueError::kMisalignedRing:
            return "a part of it is misaligned";
        case QueueError::kRingOutsideMemory:
            return "a part of it is outside of guest memory";
        case QueueError::kAvailIndexJump:
            return "the avail index jumped by more than the queue's size";
        case QueueError::kTooManyInFlight:
            return "more chains are in flight than it has entries";
        case QueueError::kHeadOutOfRange:
            return "an avail entry is out of range";
        case QueueError::kNextOutOfRange:
            return "a descriptor's next is out of range";
        case QueueError::kChainTooLong:
            return "a descriptor chain loops or is longer than the queue";
        case QueueError::kChainTooLarge:
            return "a descriptor chain holds 4 GiB or more";
        case QueueError::kBufferOutsideMemory:
            return "a buffer is outside of guest memory";
        case QueueError::kReadableAfterWritable:
            return "a readable buffer follows a writable one";
        case QueueError::kIndirectNotNegotiated:
            return "an indirect descriptor was not negotiated";
        case QueueError::kIndirectNested:
            return "an indirect table is nested";
        case QueueError::kIndirectWithNext:
            return "an indirect descriptor has a successor";
        case QueueError::kIndirectTableLength:
            return "an indirect table has a wrong length";
        case QueueError::kIndirectOutsideMemory:
            return "an indirect table is outside of guest memory";
        case QueueError::kMalformedRequest:
            return "a request is malformed";
    }
    return "unknown error";
}

}  // namespace skiff::virtio
