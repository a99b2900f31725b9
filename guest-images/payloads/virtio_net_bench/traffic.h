// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "virtio/net_card.h"
#include "virtio_block_bench/histogram.h"

namespace payload::bench {

/// What goes over the wire.
struct Plan {
    std::uint32_t frame_size;
    /// The size of a receive buffer; a frame may take several.
    std::uint32_t buffer_size;
    bool indirect;
};

/// A load on a queue pair, run at CPL 3 with polled used rings.
class Traffic {
  public:
    enum class Fault { kNone, kNotUsed, kContent, kForeign, kNoRoom };

    /// Everything that a run leaves behind; runs add up.
    struct Outcome {
        Fault fault = Fault::kNone;
        /// The frame that the fault is about.
        std::uint64_t fault_at = 0;
        std::uint64_t frames = 0;
        /// From the first frame's submission to the last one's completion.
        std::uint64_t cycles = 0;
        std::uint64_t notifications = 0;
    };

    /// False where memory is short.
    bool set_up(virtio::NetCard& card, const Plan& plan);

    /// Sends for so many cycles, with the ring always full; ends with no frame in flight.
    void send(std::uint64_t cycles);
    /// Takes exactly so many frames, the first of which has number 0, and gives no buffer for more.
    void receive(std::uint64_t count);
    /// Sends pings for so many cycles, each when the last one's reply has come.
    void ping(std::uint64_t cycles);

    const Outcome& outcome() const { return outcome_; }
    /// Of the pings: from just before publishing to having seen the reply.
    const Histogram& round_trips() const { return round_trips_; }
    void clear();

  private:
    std::uint8_t* slot(unsigned index) const {
        return reinterpret_cast<std::uint8_t*>(slots_ + index * std::uint64_t{stride_});
    }
    bool submit(virtio::Queue& queue, unsigned index, std::uint32_t size, bool is_writable);
    bool send_next(unsigned index);
    bool give_buffer(unsigned index);
    bool take_frame(const virtio::Completion& completion, std::uint64_t number);
    bool ping_once();
    bool await_reply();
    void fail(Fault fault);

    virtio::NetCard* card_ = nullptr;
    Plan plan_ = {};
    std::uint64_t slots_ = 0;  // one for each descriptor of a ring
    std::uint32_t stride_ = 0;
    std::uint64_t send_page_ = 0;  // for pings
    std::uint64_t sent_ = 0;
    std::uint16_t pings_ = 0;
    bool has_buffers_ = false;
    unsigned slot_of_[virtio::Ring::kMaxSize] = {};  // by head
    Histogram round_trips_;
    Outcome outcome_;
};

}  // namespace payload::bench
