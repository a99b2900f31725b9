// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/rate_limiter.h"

namespace skiff::virtio::block {

/// What the user says of one disk (`--disk`).
struct DiskOptions {
    enum class Engine {
        kAuto,   ///< io_uring, or the synchronous one where the kernel refuses it.
        kUring,  ///< io_uring, or an error.
        kSync,
    };
    enum class Cache {
        kWriteback,     ///< A write is done when the host's page cache has it; FLUSH makes it last.
        kWritethrough,  ///< A write is done when it is on stable storage.
    };

    static constexpr unsigned kMaxQueues = 16;
    /// VIRTIO 1.2, 5.2.6: the length of the device ID string.
    static constexpr std::size_t kMaxSerialLength = 20;

    std::string path;
    bool read_only = false;
    /// Around the host's page cache (O_DIRECT).
    bool direct = false;
    /// What GET_ID answers: printable ASCII, at most kMaxSerialLength bytes.
    std::string serial;
    unsigned queues = 1;
    Engine engine = Engine::kAuto;
    Cache cache = Cache::kWriteback;
    /// Offer DISCARD, and free the host's blocks by it and by WRITE_ZEROES with unmap.
    bool discard = true;
    /// Over all queues together.
    RateLimits limits;
    bool operator==(const DiskOptions&) const = default;
};

}  // namespace skiff::virtio::block
