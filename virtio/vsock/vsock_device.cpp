// SPDX-License-Identifier: Apache-2.0
#include "virtio/vsock/vsock_device.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/units.h"
#include "virtio/vsock/event_queue.h"
#include "virtio/vsock/rx_queue.h"
#include "virtio/vsock/tx_queue.h"

namespace skiff::virtio::vsock {
namespace {

constexpr std::array<std::uint16_t, 3> kQueueSizes = {
    VsockDevice::kQueueSize, VsockDevice::kQueueSize, VsockDevice::kEventQueueSize};

}  // namespace

VsockDevice::VsockDevice(EventLoop& loop, const VsockOptions& options, UnixListener listener,
                         const VsockLimits& limits)
    : loop_(loop),
      options_(options),
      exchange_(loop, options, limits, std::move(listener), [this] { send_to_guest(); }) {}

VsockDevice::~VsockDevice() = default;

std::span<const std::uint16_t> VsockDevice::queue_max_sizes() const {
    return kQueueSizes;
}

void VsockDevice::read_config(std::uint64_t offset, std::span<std::uint8_t> data) {
    read_config_bytes(Config{.guest_cid = options_.cid}, offset, data);
}

std::unique_ptr<QueueHandler> VsockDevice::start_queue(std::size_t index,
                                                       const QueueContext& context) {
    switch (index) {
        case kRxQueue:
            return std::make_unique<RxQueue>(*this, context);
        case kTxQueue:
            return std::make_unique<TxQueue>(*this, context);
        default:
            return std::make_unique<EventQueue>(*this, context);
    }
}

void VsockDevice::reset() {
    loop_.call([this] { exchange_.end_all(); });
}

bool VsockDevice::interrupt_transport() {
    exchange_.end_all();
    return event_queue_ != nullptr && event_queue_->send(VIRTIO_VSOCK_EVENT_TRANSPORT_RESET);
}

void VsockDevice::send_to_guest() {
    if (rx_queue_ != nullptr) {
        rx_queue_->send();
    }
}

void VsockDevice::guest_took_packets() {
    if (tx_queue_ != nullptr) {
        tx_queue_->go_on();
    }
}

}  // namespace skiff::virtio::vsock
