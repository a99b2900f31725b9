// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/event_counter.h"
#include "base/event_loop.h"
#include "base/log_limit.h"
#include "virtio/device.h"
#include "virtio/net/net_backend.h"
#include "virtio/net/net_options.h"
#include "virtio/net/net_registers.h"
#include "virtio/net/rx_filter.h"

namespace skiff::virtio::net {

class RxQueue;
class TxQueue;

/// What one queue of a network device did since the device was made.
struct alignas(64) NetCounters {
    EventCounter frames;
    EventCounter bytes;     ///< Without NetHeaders.
    EventCounter dropped;   ///< Frames that the guest, or the host, did not get.
    EventCounter filtered;  ///< Frames that the driver does not want.
};

/// The virtio network device (VIRTIO 1.2, 5.1): what its queues share. Pair p's receive queue is
/// 2p, its transmit queue 2p + 1; the control queue comes after the pairs that the driver knows of.
class NetDevice final : public Device {
  public:
    static constexpr std::uint16_t kQueueSize = 256;
    static constexpr std::uint16_t kControlQueueSize = 64;

    /// `mac`: what the device has until the driver sets another. `host` outlives the device.
    NetDevice(std::unique_ptr<NetBackend> backend, const NetOptions& options, const MacAddress& mac,
              DeviceHost& host);
    ~NetDevice() override;

    DeviceType type() const override { return DeviceType::kNetwork; }
    std::uint64_t offered_features() const override;
    bool accepts_features(std::uint64_t features) const override;
    std::span<const std::uint16_t> queue_max_sizes() const override { return queue_sizes_; }
    std::size_t loop_group(std::size_t queue) const override { return queue / 2; }
    std::size_t config_bytes() const override { return sizeof(NetConfig); }
    void read_config(std::uint64_t offset, std::span<std::uint8_t> data) override;
    void features_chosen(std::uint64_t features) override;
    std::unique_ptr<QueueHandler> start_queue(std::size_t index,
                                              const QueueContext& context) override;
    void reset() override;

    /// Follows the backend's link from now on. Before the loop runs; on the thread that ends us.
    Result<void> watch_link(EventLoop& loop);

    unsigned queue_pairs() const { return backend_->queue_pairs(); }
    const NetCounters& received(unsigned pair) const { return received_.at(pair); }
    const NetCounters& sent(unsigned pair) const { return sent_.at(pair); }
    const std::string& name() const { return backend_->name(); }

    // For the queues, on their loops.
    NetBackend& backend() { return *backend_; }
    RateLimiter& limit_in() { return limit_in_; }
    RateLimiter& limit_out() { return limit_out_; }
    bool pair_is_active(unsigned pair) const { return pair < active_pairs_.load(); }
    /// The backend said that it is not there any more: tells it once, and the guest that its link
    /// is down, if it is so.
    void look_whether_gone();
    /// Changes each time that filter() does.
    std::uint64_t filter_generation() const {
        return filter_generation_.load(std::memory_order_acquire);
    }
    RxFilter filter() const;
    /// For a receive queue: wants to be told of set_active_pairs() and of a link that comes back,
    /// while `self` lives.
    void add_receiver(unsigned pair, EventLoop& loop, std::weak_ptr<RxQueue*> self);
    /// For a transmit queue: wants to be told of a link that comes back.
    void add_sender(unsigned pair, EventLoop& loop, std::weak_ptr<TxQueue*> self);

    // For the control queue.
    bool set_active_pairs(unsigned count);
    void set_mac(const MacAddress& mac);
    void acknowledge_announcement();
    template <typename Change>
    void change_filter(Change change) {
        const std::lock_guard lock(filter_mutex_);
        change(filter_);
        filter_generation_.fetch_add(1, std::memory_order_release);
    }

  private:
    template <typename Queue>
    struct Listener {
        EventLoop* loop = nullptr;
        std::weak_ptr<Queue*> queue;
    };

    template <typename Queue>
    void tell(const std::vector<Listener<Queue>>& listeners, void (Queue::*what)());
    void link_changed(bool up);

    std::unique_ptr<NetBackend> backend_;
    NetOptions options_;
    MacAddress own_mac_;
    DeviceHost& host_;
    std::vector<std::uint16_t> queue_sizes_;
    RateLimiter limit_in_;
    RateLimiter limit_out_;
    std::vector<NetCounters> received_;  // by pair
    std::vector<NetCounters> sent_;
    // The configuration space: changed by change_config(), or where the transport holds its lock.
    MacAddress mac_;
    std::uint16_t status_ = VIRTIO_NET_S_LINK_UP;
    bool announces_ = false;  // the driver has GUEST_ANNOUNCE
    std::atomic<bool> link_up_;
    std::atomic<unsigned> active_pairs_{1};
    std::atomic<bool> gone_{false};
    mutable std::mutex filter_mutex_;
    RxFilter filter_;  // guarded by filter_mutex_
    std::atomic<std::uint64_t> filter_generation_{0};
    std::mutex listeners_mutex_;
    // By pair; guarded by listeners_mutex_.
    std::vector<Listener<RxQueue>> receivers_;
    std::vector<Listener<TxQueue>> senders_;
};

}  // namespace skiff::virtio::net
