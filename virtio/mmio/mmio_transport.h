// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/guest_memory.h"
#include "base/irq_line.h"
#include "base/log_limit.h"
#include "base/result.h"
#include "devices/bus/bus_device.h"
#include "virtio/device.h"
#include "virtio/device_status.h"
#include "virtio/mmio/feature_registers.h"
#include "virtio/mmio/interrupt.h"
#include "virtio/mmio/queue_registers.h"
#include "virtio/queue_set.h"

namespace skiff::virtio::mmio {

/// A virtio device behind the MMIO transport, version 2 (VIRTIO 1.2, 4.2): the register file that
/// vCPU threads access, and everything that a driver may do to a device but use its queues.
///
/// Everything that is written is the guest's choice. Registers that are not there, or are accessed
/// with another width than 32 bits, are refused; values out of order are ignored, as far as the
/// specification lets a driver notice. A reset, and taking a queue back, end before the write does:
/// the one case in which a vCPU waits for a device.
class MmioTransport final : public devices::BusDevice, public DeviceHost {
  public:
    /// All of it outlives the transport.
    struct Surroundings {
        const GuestMemory& memory;
        IrqLine& irq;
        std::span<EventLoop* const> loops;
        /// The loop of the device's first queues.
        std::size_t first_loop = 0;
        /// For log lines: "disk data.img".
        std::string name;
        /// Hears of reports and of needs_reset(), on any thread; may be empty.
        DeviceObserver observer = {};
    };

    /// `make_device` gets the transport as its host.
    using MakeDevice = std::function<std::unique_ptr<Device>(DeviceHost& host)>;
    static Result<std::unique_ptr<MmioTransport>> create(const MakeDevice& make_device,
                                                         Surroundings around);
    /// Stops the queues. No vCPU runs any more.
    ~MmioTransport() override;

    devices::Access read(std::uint64_t offset, std::span<std::uint8_t> data) override;
    devices::Access write(std::uint64_t offset, std::span<const std::uint8_t> data) override;

    void change_config(const std::function<void()>& change) override;
    void needs_reset(std::string_view why) override;
    void report(DeviceNews news, std::string_view detail) override;

    /// The machine ends: stops all queues on their loops, while these still run. No vCPU does.
    void stop_queues() { queues_->stop_all(); }

    /// What KVM can write to in place of an exit: queue i of QueueNotify (ioeventfd).
    const QueueSet& queues() const { return *queues_; }
    const Device& device() const { return *device_; }
    const std::string& name() const { return around_.name; }

  private:
    /// The register file: everything that a driver's writes leave behind, but status and
    /// interrupts.
    struct Registers {
        FeatureRegisters features;
        std::uint32_t queue_sel = 0;
        std::vector<QueueRegisters> queues;
    };

    MmioTransport(const MakeDevice& make_device, Surroundings around);

    std::uint64_t offered_features() const;
    std::uint32_t read_register(std::uint32_t offset) const;
    void write_register(std::uint32_t offset, std::uint32_t value);
    void write_queue_register(std::uint32_t offset, std::uint32_t value);
    void write_status(std::uint32_t value);
    bool features_are_acceptable() const;
    void write_queue_ready(QueueRegisters& queue, std::uint32_t value);
    void write_queue_reset(QueueRegisters& queue, std::uint32_t value);
    void start_queue(std::size_t index);
    void reset();
    devices::Access read_config(std::uint64_t offset, std::span<std::uint8_t> data) const;
    devices::Access write_config(std::uint64_t offset, std::span<const std::uint8_t> data);

    Surroundings around_;
    Interrupt interrupt_;
    DeviceStatus status_;
    std::atomic<bool> needs_reset_{false};
    std::atomic<std::uint32_t> config_generation_{0};
    log::Limit log_limit_;
    // Held while the device reads or writes its configuration space, never while something waits.
    mutable std::mutex config_mutex_;
    // Guards registers_ and whatever starts or stops queues; held while a queue is stopped.
    mutable std::mutex register_mutex_;
    Registers registers_;  // guarded by register_mutex_
    std::unique_ptr<Device> device_;
    std::unique_ptr<QueueSet> queues_;
};

}  // namespace skiff::virtio::mmio
