// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/event_loop.h"
#include "base/loop_timer.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "virtio/net/frame_stream.h"
#include "virtio/net/net_backend.h"
#include "virtio/net/net_options.h"
#include "virtio/net/passt_process.h"

namespace skiff::virtio::net {

/// A network that needs no root: passt(1), a process of our own, takes the guest's frames from a
/// socket and speaks for it with ordinary sockets of the host. One queue pair, no offloads.
///
/// A passt that ends takes the guest's link down and is started again: after 0.1 s, and each time
/// that it does not stay, twice as long, up to 10 s. The descriptors that queues wait on keep their
/// numbers over that.
class Passt final : public NetBackend {
  public:
    /// Starts passt, and waits until it serves.
    static Result<std::unique_ptr<NetBackend>> open(const NetOptions& options,
                                                    const MacAddress& mac);
    ~Passt() override;

    const std::string& name() const override { return name_; }
    unsigned queue_pairs() const override { return 1; }
    std::uint64_t offloads() const override { return 0; }
    bool has_header() const override { return false; }
    std::size_t usual_frame_bytes() const override { return kEthernetBytes + mtu_; }

    int poll_fd(unsigned /*pair*/) const override { return receive_socket_.get(); }
    int room_fd(unsigned /*pair*/) const override { return send_socket_.get(); }
    Transfer receive(unsigned pair, std::span<const iovec> room) override;
    Transfer send(unsigned pair, std::span<const iovec> frame) override;
    void abandon_unsent(unsigned pair) override;
    void set_guest_offloads(std::uint64_t /*features*/) override {}
    bool set_active_pairs(unsigned /*count*/) override { return true; }
    void discard_waiting() override;
    bool is_gone() const override { return false; }

    /// Watches passt from now on.
    Result<void> watch_link(EventLoop& loop, const LinkObserver& changed) override;

  private:
    Passt(const NetOptions& options, const MacAddress& mac);
    Result<void> connect(const PasstProcess& process);
    Result<void> watch_process();
    void forget_process();
    void on_end();
    void restart();
    void look_whether_ready();
    void give_up(const std::string& what);
    void try_later(const std::string& what);

    NetOptions options_;
    MacAddress mac_;
    std::string name_ = "user";
    std::size_t mtu_ = 1500;

    std::mutex mutex_;         // never held when something else is called
    UniqueFd receive_socket_;  // the socket behind these numbers is guarded by mutex_
    UniqueFd send_socket_;     // the same one: a loop can wait for each direction by itself
    FrameReader reader_;       // guarded by mutex_
    FrameWriter writer_;       // guarded by mutex_

    // On the loop of watch_link():
    EventLoop* loop_ = nullptr;
    LinkObserver link_changed_;
    std::optional<PasstProcess> process_;
    EventLoop::Id end_watch_ = 0;
    EventLoop::Id output_watch_ = 0;
    std::optional<LoopTimer> start_timer_;
    std::optional<LoopTimer> ready_timer_;
    bool connected_ = false;
    std::chrono::milliseconds delay_;
    std::chrono::steady_clock::time_point started_;
    std::shared_ptr<Passt*> self_;  // for tasks that may run after us
};

}  // namespace skiff::virtio::net
