// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/loop_timer.h"
#include "virtio/net/net_device.h"
#include "virtio/net/rx_buffers.h"

namespace skiff::virtio::net {

/// A running receive queue (VIRTIO 1.2, 5.1.6.3 and 5.1.6.4): frames go from the backend straight
/// into the driver's buffers; with MRG_RXBUF one frame may fill several.
///
/// How large a frame is shows only when it is read. So a read has a room of our own behind the
/// driver's buffers: what is written there is the rest of a frame that was larger than these. With
/// MRG_RXBUF the rest is copied into the next buffers as soon as there are enough; without, the
/// frame is dropped. No driver can make a frame wait for buffers that it will never give, or have
/// one that is in two parts.
class RxQueue final : public QueueHandler {
  public:
    RxQueue(NetDevice& device, unsigned pair, NetCounters& counters, const QueueContext& context);

    Progress process() override;
    bool poll() override;
    void stop() override;

    /// The driver uses more, or fewer, queue pairs now.
    void active_pairs_changed();
    /// What the pair's descriptor stands for may be something new.
    void link_is_back();
    /// The backend has frames of which the descriptor does not tell.
    void frames_are_held() { context_.resume(); }

  private:
    enum class State {
        kReceived,   ///< There may be more.
        kNoFrame,    ///< The backend has nothing.
        kNoBuffers,  ///< The driver has to give some.
        kLimited,    ///< The timer runs.
        kOff,        ///< The pair is not used, or the backend is gone.
    };

    unsigned receive_some();
    State receive_one();
    bool must_wait();
    bool pop_buffer();
    bool pop_buffers();
    void flush();
    std::size_t offer_room();
    bool is_wanted(std::size_t bytes);
    State take_frame(std::size_t frame_bytes, std::size_t room_bytes);
    State finish_large_frame();
    void complete_frame(std::size_t frame_bytes);
    State failed(int error);
    void watch();
    void unwatch();
    void ready(std::uint32_t events);
    void pause_or_go_on();
    void resume_soon();

    NetDevice& device_;
    unsigned pair_;
    NetCounters& counters_;
    QueueContext context_;
    Virtqueue& queue_;
    LoopTimer limit_timer_;
    bool mergeable_;
    bool may_have_checksums_;
    std::size_t usual_frame_bytes_;
    std::size_t largest_frame_bytes_;
    unsigned small_frames_ = 0;  // in a row
    RxFilter filter_;            // the device's, as of that generation
    std::uint64_t filter_generation_;

    RxBuffers buffers_;           // popped, for the next frames
    std::vector<iovec> room_;     // scratch of offer_room()
    std::size_t offered_ = 0;     // how many of buffers_ are in it
    unsigned unseen_frames_ = 0;  // completed since the last flush
    std::size_t unseen_bytes_ = 0;
    std::vector<std::uint8_t> rest_;
    std::size_t large_frame_bytes_ =
        0;  // its first part fills `offered_` buffers; 0: there is none
    std::size_t large_frame_room_ = 0;

    State state_ = State::kNoBuffers;
    Progress progress_ = Progress::kDrained;
    EventLoop::Id watch_ = 0;
    bool paused_ = false;
    std::shared_ptr<RxQueue*> self_;  // for tasks that may run after us
};

}  // namespace skiff::virtio::net
