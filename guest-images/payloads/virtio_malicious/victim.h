// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "virtio/block_registers.h"
#include "virtio/queue.h"

namespace payload::malicious {

enum class Kind { kEntropy, kBlock, kNetwork, kBalloon, kSocket, kConsole };
constexpr Kind kKinds[] = {Kind::kEntropy, Kind::kBlock,  Kind::kNetwork,
                           Kind::kBalloon, Kind::kSocket, Kind::kConsole};

/// A device as the malicious driver sees it: what a good request to it is, and whether it answers
/// one.
class Victim {
  public:
    static constexpr std::uint64_t kFeatures =
        virtio::kFeatureIndirect | virtio::kFeatureEventIdx | virtio::kFeatureRingReset;
    /// The data buffer of a good chain; room behind it is the victim's too.
    static constexpr std::uint32_t kDataSize = 4096;
    static constexpr std::uint16_t kChainLength = 3;
    static constexpr int kUsualQueue = -1;

    bool find(Kind kind);
    /// From reset to DRIVER_OK, with an empty ring on the usual queue, or on `queue`.
    bool bring_up(std::uint64_t features = kFeatures, int queue = kUsualQueue);
    /// A good request is answered rightly: entropy, the disk's first sectors with the pattern of
    /// seed 1, a frame, a packet or text is taken, a page that is reported free is given back.
    bool answers();

    /// Writes a good chain to descriptors 0, 1 and 2: for a disk header, data, status; for the
    /// entropy device and the balloon three writable buffers; for a network device a frame, header
    /// first, or for a socket device a packet, and two writable buffers that it has no use for; for
    /// a console three buffers of text.
    void write_good_chain() const;

    Kind kind() const { return kind_; }
    const char* name() const;
    /// The queue that the cases are about: usually a network device's is the one that sends, a
    /// balloon's the one for reports, a console's the one that sends on port 1.
    std::uint16_t queue_index() const { return queue_index_; }
    /// The first number that is no queue's.
    std::uint32_t queues() const;
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

    void write_packet() const;
    bool answers_a_frame();
    bool answers_a_report();
    bool answers(const virtio::Buffer& request, virtio::Completion& completion);
    void write_frame() const;
    std::uint16_t usual_queue() const;

    Kind kind_ = Kind::kEntropy;
    virtio::Device device_;
    virtio::Queue queue_;
    std::uint16_t queue_index_ = 0;
    std::uint64_t page_ = 0;
};

}  // namespace payload::malicious
