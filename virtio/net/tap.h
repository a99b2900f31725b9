// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "virtio/net/link_watch.h"
#include "virtio/net/net_backend.h"
#include "virtio/net/net_options.h"

namespace skiff::virtio::net {

/// A TAP interface (Linux: Documentation/networking/tuntap.rst), with a descriptor for each queue
/// pair and a virtio header before each frame, which the kernel reads, checks and writes itself.
class Tap final : public NetBackend {
  public:
    /// Attaches to the interface that the options name, which is made where it does not exist and
    /// we may, or takes the descriptor that they name. Errors say what to run.
    static Result<std::unique_ptr<NetBackend>> open(const NetOptions& options);

    const std::string& name() const override { return name_; }
    unsigned queue_pairs() const override { return static_cast<unsigned>(queues_.size()); }
    std::uint64_t offloads() const override { return offloads_; }
    bool has_header() const override { return has_header_; }
    std::size_t usual_frame_bytes() const override { return kEthernetBytes + mtu_; }

    int poll_fd(unsigned pair) const override { return queues_.at(pair).get(); }
    Transfer receive(unsigned pair, std::span<const iovec> room) override;
    Transfer send(unsigned pair, std::span<const iovec> frame) override;
    void set_guest_offloads(std::uint64_t features) override;
    bool set_active_pairs(unsigned count) override;
    void discard_waiting() override;
    bool is_gone() const override;
    bool link_is_up() const override { return up_; }
    /// The link is what `ip link` shows of the interface: UP and LOWER_UP.
    Result<void> watch_link(EventLoop& loop, const LinkObserver& changed) override;

  private:
    Tap() = default;
    Result<void> attach(const NetOptions& options);
    Result<void> adopt(int number);
    Result<void> prepare(const NetOptions& options);
    void find_offloads();
    bool is_ours_to_see() const;

    std::string name_;
    std::vector<UniqueFd> queues_;
    unsigned attached_ = 0;  // the first ones of queues_
    std::uint64_t offloads_ = 0;
    bool has_header_ = true;
    std::size_t mtu_ = 1500;
    bool up_ = true;
    std::unique_ptr<LinkWatch> link_watch_;
};

}  // namespace skiff::virtio::net
