// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/event_loop.h"
#include "base/result.h"
#include "base/unix_listener.h"
#include "virtio/device.h"
#include "virtio/vsock/exchange.h"
#include "virtio/vsock/vsock_options.h"

namespace skiff::virtio::vsock {

class EventQueue;
class RxQueue;
class TxQueue;

/// The socket device (VIRTIO 1.2, 5.10): stream sockets between programs of the guest and programs
/// of the host, which has Unix sockets for them.
///
/// All of its queues, and its sockets, are on one loop.
class VsockDevice final : public Device {
  public:
    static constexpr std::uint16_t kQueueSize = 256;
    static constexpr std::uint16_t kEventQueueSize = 16;

    /// `loop` is that of the queues; it outlives the device.
    VsockDevice(EventLoop& loop, const VsockOptions& options, UnixListener listener,
                const VsockLimits& limits = {});
    /// On the loop's thread, or when it has ended.
    ~VsockDevice() override;

    /// Takes the host's clients from now on. On the loop's thread, or before it has one.
    Result<void> start() { return exchange_.start(); }

    DeviceType type() const override { return DeviceType::kVsock; }
    std::uint64_t offered_features() const override { return VIRTIO_VSOCK_F_STREAM; }
    std::span<const std::uint16_t> queue_max_sizes() const override;
    std::size_t config_bytes() const override { return sizeof(Config); }
    void read_config(std::uint64_t offset, std::span<std::uint8_t> data) override;
    std::unique_ptr<QueueHandler> start_queue(std::size_t index,
                                              const QueueContext& context) override;
    void reset() override;

    /// 5.10.6.7: tells the driver that its streams are gone (which they are then), and that it
    /// should look at its context id again; for a machine that was restored elsewhere. False where
    /// the driver gave no buffer for that. On the loop's thread.
    bool interrupt_transport();

    const VsockCounters& counters() const { return exchange_.counters(); }

    // For the queues, on their loop.
    Exchange& exchange() { return exchange_; }
    void set_rx_queue(RxQueue* queue) { rx_queue_ = queue; }
    void set_tx_queue(TxQueue* queue) { tx_queue_ = queue; }
    void set_event_queue(EventQueue* queue) { event_queue_ = queue; }
    /// There may be packets for the guest.
    void send_to_guest();
    /// The guest has taken packets.
    void guest_took_packets();

  private:
    EventLoop& loop_;
    const VsockOptions options_;
    Exchange exchange_;
    // The running ones.
    RxQueue* rx_queue_ = nullptr;
    TxQueue* tx_queue_ = nullptr;
    EventQueue* event_queue_ = nullptr;
};

}  // namespace skiff::virtio::vsock
