// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/event_loop.h"
#include "base/guest_memory.h"
#include "virtio/queue/virtqueue.h"

namespace skiff::virtio {

/// VIRTIO 1.2, 5: the device types that skiff has.
enum class DeviceType : std::uint32_t {
    kNetwork = 1,
    kBlock = 2,
    kConsole = 3,
    kEntropy = 4,
    kBalloon = 5,
    kVsock = 19,
};

/// VIRTIO 1.2, 6: feature bits that belong to queue and transport, not to a device type.
inline constexpr std::uint64_t VIRTIO_F_INDIRECT_DESC = 1ULL << 28;
inline constexpr std::uint64_t VIRTIO_F_EVENT_IDX = 1ULL << 29;
inline constexpr std::uint64_t VIRTIO_F_VERSION_1 = 1ULL << 32;
inline constexpr std::uint64_t VIRTIO_F_RING_RESET = 1ULL << 40;

/// What process() left behind.
enum class Progress {
    kDrained,  ///< Every available chain was popped: tell us when there are more.
    kBlocked,  ///< Chains may be left, but the device waits for something of its own (a limit, the
               ///< host) and calls QueueContext::resume() when it can go on.
};

/// What the device does with one running queue. Made when the driver starts the queue, destroyed
/// when it stops it, so that nothing is shared with a driver that reconfigures it.
///
/// All calls come on the loop of the queue.
class QueueHandler {
  public:
    /// After stop().
    virtual ~QueueHandler() = default;

    /// There may be new chains: pop and serve them. Needs no flush(); what is completed later, in
    /// a callback of the handler's own, does.
    virtual Progress process() = 0;

    /// Looks for events of the device's own without waiting (a completion ring), as the loop polls.
    /// True where there was work. Flushes what it completes.
    virtual bool poll() { return false; }

    /// Ends: when it returns, every chain was completed or abandoned and nothing that the device
    /// started can touch guest memory any more.
    virtual void stop() = 0;
};

/// What a queue handler works with; outlives it.
struct QueueContext {
    Virtqueue& queue;
    /// The loop that the queue is bound to.
    EventLoop& loop;
    /// What the driver accepted.
    std::uint64_t features;
    /// After Progress::kBlocked: process the queue again. On the loop's thread; not from within
    /// process() or poll().
    std::function<void()> resume;
};

/// What a device lets its owner know of.
enum class DeviceNews {
    kNeedsReset,  ///< It cannot go on before its driver resets it.
    kHostError,   ///< The host failed a request.
    kLinkUp,
    kLinkDown,
    kBalloonSize,  ///< The driver wrote another size than before.
};

/// Who is told; with the device's name.
using DeviceObserver =
    std::function<void(const std::string& device, DeviceNews news, std::string_view detail)>;

/// The transport, as its device sees it. Callable from any thread but those that are inside of
/// read_config() and write_config().
class DeviceHost {
  public:
    virtual ~DeviceHost() = default;

    /// Runs `change`, which changes what read_config() gives, so that the driver sees it as a whole
    /// (VIRTIO 1.2, 2.5.1), and tells it (configuration interrupt).
    virtual void change_config(const std::function<void()>& change) = 0;

    /// The device cannot go on before the driver resets it (VIRTIO 1.2, 2.1.2).
    virtual void needs_reset(std::string_view why) = 0;

    /// Something that whoever runs the machine may want to know. Any thread, also from inside of
    /// read_config() and write_config(); never waits. What a driver can cause any number of times
    /// is the device's to limit.
    virtual void report(DeviceNews /*news*/, std::string_view /*detail*/) {}
};

/// For Device::read_config(): the bytes of a configuration space that is this struct.
template <GuestData Config>
void read_config_bytes(const Config& config, std::uint64_t offset, std::span<std::uint8_t> data) {
    std::array<std::uint8_t, sizeof config> bytes{};
    std::memcpy(bytes.data(), &config, sizeof config);
    for (std::size_t i = 0; i < data.size(); ++i) {
        data[i] = offset + i < bytes.size() ? bytes.at(offset + i) : 0;
    }
}

/// A virtio device behind a transport: what it is, its configuration space, and how its queues are
/// served. The transport owns negotiation, rings, notifications and interrupts.
class Device {
  public:
    virtual ~Device() = default;

    virtual DeviceType type() const = 0;
    /// The feature bits of the device type. The transport adds its own.
    virtual std::uint64_t offered_features() const = 0;
    /// Whether the device can work with what the driver chose of the offered ones (features that
    /// need others). The transport has checked that it chose nothing else.
    virtual bool accepts_features(std::uint64_t /*features*/) const { return true; }

    /// The maximum size of each queue, powers of two up to 32768. Constant.
    virtual std::span<const std::uint16_t> queue_max_sizes() const = 0;
    /// Queues with one group run on one loop. Constant.
    virtual std::size_t loop_group(std::size_t /*queue*/) const { return 0; }

    /// Bytes of the configuration space. Constant.
    virtual std::size_t config_bytes() const { return 0; }
    /// A driver's access inside the configuration space, of 1, 2, 4 or 8 bytes at any offset. On
    /// vCPU threads, one at a time, and never during change_config(). Must not call the host.
    virtual void read_config(std::uint64_t /*offset*/, std::span<std::uint8_t> /*data*/) {}
    /// Ignored where the field is not the driver's to write.
    virtual void write_config(std::uint64_t /*offset*/, std::span<const std::uint8_t> /*data*/) {}

    /// The driver is done with feature negotiation; before the first start_queue() after a reset.
    /// On a vCPU thread, as with read_config(); no queue runs.
    virtual void features_chosen(std::uint64_t /*features*/) {}

    /// The driver started queue `index`. On the queue's loop.
    virtual std::unique_ptr<QueueHandler> start_queue(std::size_t index,
                                                      const QueueContext& context) = 0;

    /// The driver reset the device: back to the constructed state. On a vCPU thread, as with
    /// read_config(); no queue runs.
    virtual void reset() {}
};

}  // namespace skiff::virtio
