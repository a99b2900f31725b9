// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/event_loop.h"
#include "base/guest_memory.h"
#include "base/result.h"
#include "boot/virtio_mmio_slot.h"
#include "devices/bus/bus.h"
#include "devices/host_side/console_host.h"
#include "virtio/balloon/balloon_device.h"
#include "virtio/block/block_device.h"
#include "virtio/console/console_device.h"
#include "virtio/mmio/mmio_transport.h"
#include "virtio/net/net_device.h"
#include "virtio/vsock/vsock_device.h"
#include "vmm/kvm/irqfd_line.h"
#include "vmm/kvm/vm.h"
#include "vmm/machine/console_backend.h"
#include "vmm/machine/machine_config.h"
#include "vmm/machine/stream_port.h"

namespace skiff::machine {

/// How many virtio devices a machine of this configuration has.
std::size_t virtio_device_count(const MachineConfig& config);

/// The machine's virtio devices behind their transports: disks in the order of the configuration,
/// then network devices in theirs, then the balloon, the console, the socket device and the entropy
/// device. Built and destroyed on the thread of the machine's loop.
class VirtioDevices {
  public:
    /// All of it outlives the devices.
    struct Surroundings {
        const kvm::Vm& vm;
        GuestMemory& memory;
        devices::Bus& mmio;
        std::span<EventLoop* const> loops;
        /// The host's side of the guest's console, on the first loop.
        devices::ConsoleHost& console;
        /// One for each device.
        std::span<const boot::VirtioMmioSlot> slots;
        /// Hears what they report, on any thread.
        virtio::DeviceObserver observer;
    };

    static Result<std::unique_ptr<VirtioDevices>> create(const MachineConfig& config,
                                                         const Surroundings& around);

    /// Begins to read what ports are connected to. Before the loop runs.
    void start();
    /// A command's streams have their readers and writers in the guest now. On the first loop.
    void begin_streams();
    /// The terminal's input is for the virtio console from now on. On the first loop.
    void give_terminal_to_port();
    /// A command has ended: deliver_output() is to wait for slow readers of its streams. Any
    /// thread.
    void expect_all_output();
    /// Delivers output that the guest made available, for a while. After the vCPUs and the end of
    /// the first loop, before stop(). How many bytes were lost.
    std::uint64_t deliver_output();
    /// Finishes what is in flight, each queue on its own loop. After the vCPUs, before the loops'
    /// end.
    void stop();

    const std::vector<std::unique_ptr<virtio::mmio::MmioTransport>>& transports() const {
        return transports_;
    }
    /// Null where there is none; they belong to their transports.
    virtio::balloon::BalloonDevice* balloon() const { return balloon_; }
    const virtio::vsock::VsockDevice* vsock() const { return vsock_; }
    const virtio::console::ConsoleDevice* console() const { return console_; }
    /// In the order of the configuration; they belong to their transports.
    const std::vector<virtio::block::BlockDevice*>& disks() const { return disks_; }
    const std::vector<virtio::net::NetDevice*>& nets() const { return nets_; }

  private:
    explicit VirtioDevices(const Surroundings& around) : around_(around) {}

    Result<void> add_disk(const DiskConfig& config);
    Result<void> add_balloon(const BalloonConfig& config);
    Result<void> add_console(const MachineConfig& config);
    virtio::console::PortOptions console_port(const MachineConfig& config);
    void add_streams(const CommandConfig& config, std::vector<virtio::console::PortOptions>& ports);
    Result<void> add_net(const MachineConfig& machine, const NetworkConfig& config);
    Result<void> add_vsock(const VsockConfig& config);
    Result<void> add(std::string name, const virtio::mmio::MmioTransport::MakeDevice& make_device);
    Result<void> add(std::string name, std::span<EventLoop* const> loops,
                     const virtio::mmio::MmioTransport::MakeDevice& make_device);

    Surroundings around_;
    std::vector<std::unique_ptr<kvm::IrqfdLine>> lines_;
    std::vector<std::unique_ptr<virtio::mmio::MmioTransport>> transports_;
    std::vector<virtio::block::BlockDevice*> disks_;
    virtio::balloon::BalloonDevice* balloon_ = nullptr;
    const virtio::vsock::VsockDevice* vsock_ = nullptr;
    virtio::console::ConsoleDevice* console_ = nullptr;
    ConsoleBackend* terminal_ = nullptr;  ///< Of a command; the console's.
    std::vector<StreamPort*> streams_;    ///< Likewise.
    std::vector<virtio::net::NetDevice*> nets_;
};

}  // namespace skiff::machine
