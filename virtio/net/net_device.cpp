// SPDX-License-Identifier: Apache-2.0
#include "virtio/net/net_device.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "base/units.h"
#include "virtio/net/control_queue.h"
#include "virtio/net/rx_queue.h"
#include "virtio/net/tx_queue.h"

namespace skiff::virtio::net {
namespace {

/// 5.1.3.1: a feature, and those of which it needs one.
struct Need {
    std::uint64_t feature;
    std::uint64_t one_of;
};

constexpr Need kNeeds[] = {
    {VIRTIO_NET_F_GUEST_TSO4, VIRTIO_NET_F_GUEST_CSUM},
    {VIRTIO_NET_F_GUEST_TSO6, VIRTIO_NET_F_GUEST_CSUM},
    {VIRTIO_NET_F_GUEST_ECN, VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6},
    {VIRTIO_NET_F_GUEST_UFO, VIRTIO_NET_F_GUEST_CSUM},
    {VIRTIO_NET_F_GUEST_USO4, VIRTIO_NET_F_GUEST_CSUM},
    {VIRTIO_NET_F_GUEST_USO6, VIRTIO_NET_F_GUEST_CSUM},
    {VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_CSUM},
    {VIRTIO_NET_F_HOST_TSO6, VIRTIO_NET_F_CSUM},
    {VIRTIO_NET_F_HOST_ECN, VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6},
    {VIRTIO_NET_F_HOST_UFO, VIRTIO_NET_F_CSUM},
    {VIRTIO_NET_F_HOST_USO, VIRTIO_NET_F_CSUM},
    {VIRTIO_NET_F_CTRL_RX, VIRTIO_NET_F_CTRL_VQ},
    {VIRTIO_NET_F_CTRL_VLAN, VIRTIO_NET_F_CTRL_VQ},
    {VIRTIO_NET_F_GUEST_ANNOUNCE, VIRTIO_NET_F_CTRL_VQ},
    {VIRTIO_NET_F_MQ, VIRTIO_NET_F_CTRL_VQ},
    {VIRTIO_NET_F_CTRL_MAC_ADDR, VIRTIO_NET_F_CTRL_VQ},
    {VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, VIRTIO_NET_F_CTRL_VQ},
};

}  // namespace

template <typename Queue>
void NetDevice::tell(const std::vector<Listener<Queue>>& listeners, void (Queue::*what)()) {
    const std::lock_guard lock(listeners_mutex_);
    for (const Listener<Queue>& listener : listeners) {
        if (listener.loop != nullptr) {
            // The queue ends on its own loop, as this task does: it is there, or it is not.
            listener.loop->post([queue = listener.queue, what] {
                if (const auto self = queue.lock()) {
                    ((*self)->*what)();
                }
            });
        }
    }
}

NetDevice::NetDevice(std::unique_ptr<NetBackend> backend, const NetOptions& options,
                     const MacAddress& mac, DeviceHost& host)
    : backend_(std::move(backend)),
      options_(options),
      own_mac_(mac),
      host_(host),
      queue_sizes_(2 * std::size_t{backend_->queue_pairs()} + 1, kQueueSize),
      limit_in_(options.limits_in),
      limit_out_(options.limits_out),
      received_(backend_->queue_pairs()),
      sent_(backend_->queue_pairs()),
      mac_(mac),
      link_up_(backend_->link_is_up()),
      filter_(mac),
      receivers_(backend_->queue_pairs()),
      senders_(backend_->queue_pairs()) {
    backend_->on_held_frames([this] { tell(receivers_, &RxQueue::frames_are_held); });
    reset();
}

NetDevice::~NetDevice() = default;

std::uint64_t NetDevice::offered_features() const {
    std::uint64_t features = VIRTIO_NET_F_MAC | VIRTIO_NET_F_STATUS | VIRTIO_NET_F_MRG_RXBUF |
                             VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_CTRL_RX | VIRTIO_NET_F_CTRL_VLAN |
                             VIRTIO_NET_F_CTRL_MAC_ADDR | VIRTIO_NET_F_GUEST_ANNOUNCE;
    features |= backend_->offloads() & (kGuestOffloads | kHostOffloads);
    if ((features & kGuestOffloads) != 0) {
        features |= VIRTIO_NET_F_CTRL_GUEST_OFFLOADS;
    }
    if (backend_->queue_pairs() > 1) {
        features |= VIRTIO_NET_F_MQ;
    }
    return options_.mtu.has_value() ? features | VIRTIO_NET_F_MTU : features;
}

bool NetDevice::accepts_features(std::uint64_t features) const {
    return std::all_of(std::begin(kNeeds), std::end(kNeeds), [features](const Need& need) {
        return (features & need.feature) == 0 || (features & need.one_of) != 0;
    });
}

void NetDevice::read_config(std::uint64_t offset, std::span<std::uint8_t> data) {
    const NetConfig config{.mac = mac_,
                           .status = status_,
                           .max_virtqueue_pairs = static_cast<std::uint16_t>(queue_pairs()),
                           .mtu = options_.mtu.value_or(0)};
    read_config_bytes(config, offset, data);
}

void NetDevice::features_chosen(std::uint64_t features) {
    announces_ = (features & VIRTIO_NET_F_GUEST_ANNOUNCE) != 0;
    change_filter([&](RxFilter& filter) { filter = RxFilter(mac_, features); });
    backend_->set_guest_offloads(features & kGuestOffloads);
    // They may be older than this driver, and have offloads that it cannot do.
    backend_->discard_waiting();
}

void NetDevice::reset() {
    mac_ = own_mac_;
    status_ = link_up_.load() ? VIRTIO_NET_S_LINK_UP : 0;
    announces_ = false;
    change_filter([&](RxFilter& filter) { filter = RxFilter(own_mac_); });
    active_pairs_ = 1;
    backend_->set_active_pairs(1);
    backend_->set_guest_offloads(0);
}

std::unique_ptr<QueueHandler> NetDevice::start_queue(std::size_t index,
                                                     const QueueContext& context) {
    // 5.1.2: without MQ there is one pair, and the control queue follows it.
    const bool has_pairs = (context.features & VIRTIO_NET_F_MQ) != 0;
    const std::size_t control = has_pairs ? 2 * std::size_t{queue_pairs()} : 2;
    if (index >= control) {
        return std::make_unique<ControlQueue>(*this, context);
    }
    const auto pair = static_cast<unsigned>(index / 2);
    if (index % 2 == 0) {
        return std::make_unique<RxQueue>(*this, pair, received_.at(pair), context);
    }
    return std::make_unique<TxQueue>(*this, pair, sent_.at(pair), context);
}

void NetDevice::look_whether_gone() {
    if (!backend_->is_gone() || gone_.exchange(true)) {
        return;
    }
    log::warning("net {}: the interface was removed: the guest's link is down from now on", name());
    link_changed(false);
}

Result<void> NetDevice::watch_link(EventLoop& loop) {
    return backend_->watch_link(loop, [this](bool up) { link_changed(up); });
}

void NetDevice::link_changed(bool up) {
    if ((up && gone_.load()) || link_up_.exchange(up) == up) {
        return;
    }
    host_.change_config([this, up] {
        const unsigned both = VIRTIO_NET_S_LINK_UP | VIRTIO_NET_S_ANNOUNCE;
        const unsigned more = announces_ ? both : VIRTIO_NET_S_LINK_UP;
        // 5.1.6.5.4: who is there now may not know us.
        status_ = static_cast<std::uint16_t>(up ? status_ | more : status_ & ~both);
    });
    host_.report(up ? DeviceNews::kLinkUp : DeviceNews::kLinkDown, {});
    if (up) {
        tell(receivers_, &RxQueue::link_is_back);
        tell(senders_, &TxQueue::link_is_back);
    }
}

RxFilter NetDevice::filter() const {
    const std::lock_guard lock(filter_mutex_);
    return filter_;
}

void NetDevice::add_receiver(unsigned pair, EventLoop& loop, std::weak_ptr<RxQueue*> self) {
    const std::lock_guard lock(listeners_mutex_);
    receivers_.at(pair) = {.loop = &loop, .queue = std::move(self)};
}

void NetDevice::add_sender(unsigned pair, EventLoop& loop, std::weak_ptr<TxQueue*> self) {
    const std::lock_guard lock(listeners_mutex_);
    senders_.at(pair) = {.loop = &loop, .queue = std::move(self)};
}

bool NetDevice::set_active_pairs(unsigned count) {
    SKIFF_CHECK(count >= 1 && count <= queue_pairs());
    const unsigned before = active_pairs_.load();
    if (count < before) {
        // First, so that whoever sees an error of a pair that goes knows why.
        active_pairs_ = count;
    }
    if (!backend_->set_active_pairs(count)) {
        active_pairs_ = before;
        return false;
    }
    active_pairs_ = count;
    tell(receivers_, &RxQueue::active_pairs_changed);
    return true;
}

void NetDevice::set_mac(const MacAddress& mac) {
    host_.change_config([&] { mac_ = mac; });
    change_filter([&](RxFilter& filter) { filter.set_mac(mac); });
}

void NetDevice::acknowledge_announcement() {
    host_.change_config(
        [this] { status_ = static_cast<std::uint16_t>(status_ & ~VIRTIO_NET_S_ANNOUNCE); });
}

}  // namespace skiff::virtio::net
