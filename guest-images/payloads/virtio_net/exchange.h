// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "virtio/net_card.h"
#include "virtio_net/offload_frame.h"

namespace payload {

/// Frames in and out of a network card, by polling; meant for CPL 3. Frames of Ethernet types other
/// than 0x88b5, IPv4 and IPv6 are taken and forgotten.
class Exchange {
  public:
    /// What the last call did. Sums are of the frames' CRC-32, so that their order does not matter.
    struct Outcome {
        bool is_well = false;
        std::uint64_t frames = 0;
        std::uint64_t bytes = 0;
        std::uint64_t cycles = 0;
        std::uint32_t sum = 0;
        std::uint64_t frames_of_pair[virtio::NetCard::kMaxPairs] = {};
        /// Of those taken: without their checksum, and to be cut into segments.
        std::uint64_t unchecked_frames = 0;
        std::uint64_t segmented_frames = 0;
    };

    /// False where memory is short.
    bool set_up(virtio::NetCard& card, std::uint32_t buffer_size);
    /// After the card was brought up: gives it all buffers.
    void give_all();

    /// Sends `count` frames back as they came, on the pair that they came from.
    void echo(std::uint64_t count);
    /// Takes frames until they are `bytes` together.
    void receive(std::uint64_t bytes);
    /// Sends frames of pseudo-random content, of that kind or, without, as bench::Frame makes them.
    void send(std::uint64_t count, std::uint32_t size, unsigned pair, const OffloadFrame* kind);
    /// Waits until a frame of any kind has come.
    void await_any();

    const Outcome& outcome() const { return outcome_; }
    /// The largest frame, without its virtio header.
    static constexpr std::uint32_t kLargest = 65'550;

  private:
    static constexpr unsigned kMostPieces = 40;
    static constexpr unsigned kSendSlots = 64;

    struct Frame {
        unsigned pieces = 0;
        std::uint16_t index[kMostPieces];
        std::uint32_t length[kMostPieces];
    };
    struct Pair {
        std::uint64_t buffers = 0;
        std::uint16_t index_of[virtio::Ring::kMaxSize];  // by head
        Frame sent[virtio::Ring::kMaxSize];              // by head
    };

    void begin();
    bool goes_on();
    std::uint8_t* buffer(unsigned pair, unsigned index) const {
        return reinterpret_cast<std::uint8_t*>(pairs_[pair].buffers +
                                               index * std::uint64_t{buffer_size_});
    }
    bool give(unsigned pair, unsigned index);
    void give_back(unsigned pair, const Frame& frame);
    bool take(unsigned pair, Frame& frame);
    bool is_ours(unsigned pair, const Frame& frame) const;
    void count(unsigned pair, const Frame& frame);
    bool send_back(unsigned pair, const Frame& frame);
    void collect_sent(unsigned pair);
    void fill(std::uint8_t* at, std::uint32_t size);
    void make_frame(std::uint8_t* at, std::uint32_t size, const OffloadFrame* kind);

    virtio::NetCard* card_ = nullptr;
    std::uint32_t buffer_size_ = 0;
    Pair pairs_[virtio::NetCard::kMaxPairs];
    std::uint64_t send_slots_ = 0;
    std::uint64_t random_ = 0;
    std::uint64_t began_ = 0;
    std::uint64_t last_progress_ = 0;
    unsigned in_flight_ = 0;  // of those sent back
    Outcome outcome_;
};

}  // namespace payload
