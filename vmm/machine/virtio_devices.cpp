// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/virtio_devices.h"

#include <chrono>
#include <utility>

#include "base/check.h"
#include "virtio/mmio/mmio_registers.h"
#include "virtio/net/passt.h"
#include "virtio/net/serving_backend.h"
#include "virtio/net/tap.h"
#include "virtio/rng/rng_device.h"
#include "vmm/machine/console_backend.h"
#include "vmm/machine/host_port.h"

namespace skiff::machine {

using virtio::mmio::MmioTransport;

namespace {

// How long slow readers of a console's output have at the end.
constexpr std::chrono::milliseconds kDeliverOutput{2000};

}  // namespace

std::size_t virtio_device_count(const MachineConfig& config) {
    return config.disks.size() + config.nets.size() + (config.balloon.has_value() ? 1 : 0) +
           (config.has_virtio_console() ? 1 : 0) + (config.vsock.has_value() ? 1 : 0) +
           (config.rng ? 1 : 0);
}

Result<std::unique_ptr<VirtioDevices>> VirtioDevices::create(const MachineConfig& config,
                                                             const Surroundings& around) {
    SKIFF_CHECK(around.slots.size() == virtio_device_count(config));
    std::unique_ptr<VirtioDevices> devices(new VirtioDevices(around));
    for (const DiskConfig& disk : config.disks) {
        SKIFF_RETURN_IF_ERROR(devices->add_disk(disk));
    }
    for (const NetworkConfig& net : config.nets) {
        SKIFF_RETURN_IF_ERROR(devices->add_net(config, net));
    }
    if (config.balloon.has_value()) {
        SKIFF_RETURN_IF_ERROR(devices->add_balloon(*config.balloon));
    }
    if (config.has_virtio_console()) {
        SKIFF_RETURN_IF_ERROR(devices->add_console(config));
    }
    if (config.vsock.has_value()) {
        SKIFF_RETURN_IF_ERROR(devices->add_vsock(*config.vsock));
    }
    if (config.rng) {
        const RateLimits limits = config.rng_limits.value_or(virtio::RngDevice::default_limits());
        SKIFF_RETURN_IF_ERROR(devices->add("rng", [&limits](virtio::DeviceHost&) {
            return std::make_unique<virtio::RngDevice>(limits);
        }));
    }
    return devices;
}

Result<void> VirtioDevices::add_disk(const DiskConfig& config) {
    using virtio::block::BlockDevice;
    SKIFF_ASSIGN_OR_RETURN(virtio::block::DiskFile file, BlockDevice::open(config));
    BlockDevice* disk = nullptr;
    SKIFF_RETURN_IF_ERROR(add("disk " + config.path, [&](virtio::DeviceHost& host) {
        auto device = std::make_unique<BlockDevice>(std::move(file), config, host);
        disk = device.get();
        return device;
    }));
    disks_.push_back(disk);
    return disk->watch_size(*around_.loops.front());
}

Result<void> VirtioDevices::add_balloon(const BalloonConfig& config) {
    return add("balloon", [this, &config](virtio::DeviceHost& host) {
        auto device =
            std::make_unique<virtio::balloon::BalloonDevice>(config, around_.memory, host);
        balloon_ = device.get();
        return device;
    });
}

Result<void> VirtioDevices::add_console(const MachineConfig& config) {
    using namespace virtio::console;
    // Its backends' descriptors are watched by the first loop, and its queues are served there.
    EventLoop& loop = *around_.loops.front();
    PortOptions console = console_port(config);
    std::vector<PortOptions> named;
    if (config.command.has_value() && !config.command->has_terminal) {
        add_streams(*config.command, named);
    }
    for (const PortConfig& port : config.ports) {
        SKIFF_ASSIGN_OR_RETURN(auto backend, HostPort::open(loop, port));
        named.push_back({.name = port.name, .is_console = false, .backend = std::move(backend)});
    }
    return add("console", around_.loops.first(1), [&](virtio::DeviceHost& host) {
        auto device =
            std::make_unique<ConsoleDevice>(std::move(console), std::move(named), loop, host);
        console_ = device.get();
        return device;
    });
}

/// Port 0. The terminal of a command gets its input when the guest has said that it is here.
virtio::console::PortOptions VirtioDevices::console_port(const MachineConfig& config) {
    const bool is_terminal = config.command.has_value() && config.command->has_terminal;
    if (config.console != MachineConfig::Console::kVirtio && !is_terminal) {
        return {};
    }
    auto backend = std::make_unique<ConsoleBackend>(
        around_.console,
        is_terminal ? ConsoleBackend::Input::kOther : ConsoleBackend::Input::kThis);
    terminal_ = backend.get();
    return {.name = {}, .is_console = true, .backend = std::move(backend)};
}

/// The first named ports, so that their ids are known (guest-init/orders.h).
void VirtioDevices::add_streams(const CommandConfig& config,
                                std::vector<virtio::console::PortOptions>& ports) {
    EventLoop& loop = *around_.loops.front();
    const auto add_stream = [&](std::string port, StreamPort::Options options) {
        auto stream = std::make_unique<StreamPort>(loop, std::move(options));
        streams_.push_back(stream.get());
        ports.push_back(
            {.name = std::move(port), .is_console = false, .backend = std::move(stream)});
    };
    add_stream("skiff.stdin",
               {.name = "standard input", .input_fd = config.input_fd, .output_fd = -1});
    add_stream("skiff.stdout",
               {.name = "standard output", .input_fd = -1, .output_fd = config.output_fd});
    add_stream("skiff.stderr",
               {.name = "standard error", .input_fd = -1, .output_fd = config.error_fd});
}

void VirtioDevices::begin_streams() {
    for (StreamPort* const stream : streams_) {
        stream->begin();
    }
}

void VirtioDevices::give_terminal_to_port() {
    if (terminal_ != nullptr) {
        terminal_->take_input();
    }
}

void VirtioDevices::expect_all_output() {
    for (StreamPort* const stream : streams_) {
        stream->be_patient();
    }
}

Result<void> VirtioDevices::add_net(const MachineConfig& machine, const NetworkConfig& config) {
    using namespace virtio::net;
    const std::size_t position = nets_.size();
    const auto mac_for = [&](const std::string& interface) {
        const std::string& name = machine.name.empty() ? interface : machine.name;
        return config.mac.value_or(default_mac(name, position));
    };
    const MacAddress user_mac = mac_for("user");
    SKIFF_ASSIGN_OR_RETURN(std::unique_ptr<NetBackend> backend, config.user.has_value()
                                                                    ? Passt::open(config, user_mac)
                                                                    : Tap::open(config));
    const MacAddress mac = mac_for(backend->name());
    if (config.make_service.make) {
        backend = std::make_unique<ServingBackend>(std::move(backend), config.make_service.make());
    }
    NetDevice* net = nullptr;
    SKIFF_RETURN_IF_ERROR(add("net " + describe(config), [&](virtio::DeviceHost& host) {
        auto device = std::make_unique<NetDevice>(std::move(backend), config, mac, host);
        net = device.get();
        return device;
    }));
    nets_.push_back(net);
    return net->watch_link(*around_.loops.front());
}

Result<void> VirtioDevices::add_vsock(const VsockConfig& config) {
    using namespace virtio::vsock;
    constexpr int kClientsInQueue = 128;
    SKIFF_RETURN_IF_ERROR(check_socket_path(config.path));
    SKIFF_ASSIGN_OR_RETURN(
        UnixListener listener,
        UnixListener::listen(config.path, "--vsock path: " + config.path, kClientsInQueue));
    // Where add() will have its queues.
    EventLoop& loop = *around_.loops[transports_.size() % around_.loops.size()];
    VsockDevice* vsock = nullptr;
    SKIFF_RETURN_IF_ERROR(add("vsock", [&](virtio::DeviceHost&) {
        auto device = std::make_unique<VsockDevice>(loop, config, std::move(listener));
        vsock = device.get();
        return device;
    }));
    vsock_ = vsock;
    return vsock->start();
}

Result<void> VirtioDevices::add(std::string name, const MmioTransport::MakeDevice& make_device) {
    return add(std::move(name), around_.loops, make_device);
}

Result<void> VirtioDevices::add(std::string name, std::span<EventLoop* const> loops,
                                const MmioTransport::MakeDevice& make_device) {
    const std::size_t index = transports_.size();
    const boot::VirtioMmioSlot& slot = around_.slots[index];
    SKIFF_ASSIGN_OR_RETURN(auto line, kvm::IrqfdLine::create(around_.vm, slot.gsi));
    lines_.push_back(std::make_unique<kvm::IrqfdLine>(std::move(line)));
    SKIFF_ASSIGN_OR_RETURN(auto transport,
                           MmioTransport::create(make_device, {.memory = around_.memory,
                                                               .irq = *lines_.back(),
                                                               .loops = loops,
                                                               .first_loop = index,
                                                               .name = name,
                                                               .observer = around_.observer}));
    const GuestAddress notify(slot.registers.start.value() + virtio::mmio::kQueueNotify);
    for (std::size_t queue = 0; queue < transport->queues().count(); ++queue) {
        SKIFF_RETURN_IF_ERROR(around_.vm.assign_ioeventfd(
            transport->queues().notify_fd(queue),
            {.address = notify, .value = static_cast<std::uint32_t>(queue)}));
    }
    SKIFF_RETURN_IF_ERROR(around_.mmio.insert(slot.registers, std::move(name), *transport));
    transports_.push_back(std::move(transport));
    return {};
}

void VirtioDevices::start() {
    if (console_ != nullptr) {
        console_->start();
    }
}

std::uint64_t VirtioDevices::deliver_output() {
    return console_ == nullptr
               ? 0
               : console_->deliver_until(std::chrono::steady_clock::now() + kDeliverOutput);
}

void VirtioDevices::stop() {
    for (const auto& transport : transports_) {
        transport->stop_queues();
    }
}

}  // namespace skiff::machine
