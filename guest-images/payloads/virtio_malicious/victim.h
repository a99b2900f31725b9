// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "virtio/block_registers.h"
#include "virtio/queue.h"

namespace payload::malicious {

enum class Kind { kEntropy, kBlock, kNetwork };

/// A device as the malicious driver sees it: what a good request to it is, and whether it answers
/// one.
class Victim {
  public:
    static constexpr std::uint64_t kFeatures =
        virtio::kFeatureIndirect | virtio::kFeatureEventIdx | virtio::kFeatureRingReset;
    /// The data buffer of a good chain; room behind it is the victim's too.
    static constexpr std::uint32_t kDataSize = 4096;
    static constexpr std::uint16_t kChainLength = 3;

    bool find(Kind kind);
    /// From reset to DRIVER_OK, with an empty ring.
    bool bring_up(std::uint64_t features = kFeatures);
    /// A good request is answered rightly: entropy, the disk's first sectors with the pattern of
    /// seed 1, or a frame is taken.
    bool answers();

    /// Writes a good chain to descriptors 0, 1 and 2: for a disk header, data, status; for the
    /// entropy device three writable buffers; for a network device a frame, header first, and two
    /// writable buffers that it has no use for.
    void write_good_chain() const;

    Kind kind() const { return kind_; }
    const char* name() const;
    /// The queue that the cases are about: a network device's is the one that sends.
    std::uint16_t queue_index() const { return kind_ == Kind::kNetwork ? 1 : 0; }
    /// The first number that is no queue's.
    std::uint32_t queues() const { return kind_ == Kind::kNetwork ? kMostNetworkQueues : 1; }
    const virtio::Device& device() const { return device_; }
    const virtio::Ring& ring() const { return queue_.ring(); }
    virtio::Queue& queue() { return queue_; }
    std::uint64_t data() const { return page_ + kPageOfData; }
    std::uint64_t header() const { return page_; }
    /// A page for indirect tables and misplaced rings.
    std::uint64_t scratch() const { return page_ + kPageOfScratch; }

  private:
    static constexpr std::uint64_t kPageOfData = 4096;
    static constexpr std::uint64_t kPageOfScratch = 2 * 4096;
    static constexpr std::uint64_t kPages = 6;
    static constexpr std::uint32_t kMostNetworkQueues = 2 * 16 + 1;

    bool answers_a_frame();
    void write_frame() const;

    Kind kind_ = Kind::kEntropy;
    virtio::Device device_;
    virtio::Queue queue_;
    std::uint64_t page_ = 0;
};

}  // namespace payload::malicious
