// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/loop_timer.h"
#include "virtio/net/frame_service.h"
#include "virtio/net/net_backend.h"

namespace skiff::virtio::net {

/// A backend in whose network a FrameService is too. ARP requests for the service's address, and
/// IPv4 packets with TCP to it, go to the service and never to the network; its answers are
/// received on the first queue pair. All else passes, after a look at the first bytes.
class ServingBackend final : public NetBackend {
  public:
    ServingBackend(std::unique_ptr<NetBackend> network, std::unique_ptr<FrameService> service);

    const std::string& name() const override { return network_->name(); }
    unsigned queue_pairs() const override { return network_->queue_pairs(); }
    std::uint64_t offloads() const override { return network_->offloads(); }
    bool has_header() const override { return network_->has_header(); }
    std::size_t usual_frame_bytes() const override { return network_->usual_frame_bytes(); }
    int poll_fd(unsigned pair) const override { return network_->poll_fd(pair); }
    Transfer receive(unsigned pair, std::span<const iovec> room) override;
    void on_held_frames(const std::function<void()>& told) override { told_ = told; }
    Transfer send(unsigned pair, std::span<const iovec> frame) override;
    int room_fd(unsigned pair) const override { return network_->room_fd(pair); }
    void abandon_unsent(unsigned pair) override;
    void set_guest_offloads(std::uint64_t features) override {
        network_->set_guest_offloads(features);
    }
    bool set_active_pairs(unsigned count) override { return network_->set_active_pairs(count); }
    void discard_waiting() override;
    bool is_gone() const override { return network_->is_gone(); }
    bool link_is_up() const override { return network_->link_is_up(); }
    /// The service's timer is on this loop too.
    Result<void> watch_link(EventLoop& loop, const LinkObserver& changed) override;

  private:
    bool is_for_service(std::span<const iovec> frame) const;
    Transfer serve(std::span<const iovec> frame);
    Transfer give(std::span<const iovec> room);
    void service_changed();
    void start_timer();
    void timer_expired();

    std::unique_ptr<NetBackend> network_;
    std::size_t header_bytes_;
    Ipv4Address address_;
    std::function<void()> told_ = [] {};
    /// By pair, for its own loop: the network has yet to take this frame, and no other may come
    /// before, whatever the guest makes of its bytes meanwhile.
    std::vector<std::uint8_t> is_unsent_;
    std::atomic<bool> holds_frames_{false};

    std::mutex mutex_;  // never held when the network, or who is told, is called
    // Guarded by mutex_:
    std::unique_ptr<FrameService> service_;
    std::vector<std::uint8_t> frame_;  // the guest's, copied
    std::optional<FrameService::Clock::time_point> timer_due_;

    EventLoop* loop_ = nullptr;
    std::optional<LoopTimer> timer_;         // belongs to loop_
    std::shared_ptr<ServingBackend*> self_;  // for tasks that may run after us
};

}  // namespace skiff::virtio::net
