// SPDX-License-Identifier: Apache-2.0
#include "virtio/console/console_device.h"

#include <utility>

#include "base/check.h"
#include "virtio/console/control_queues.h"
#include "virtio/console/port_queues.h"

namespace skiff::virtio::console {

ConsoleDevice::ConsoleDevice(PortOptions console, std::vector<PortOptions> named_ports,
                             EventLoop& loop, DeviceHost& host)
    : loop_(loop), host_(host), self_(std::make_shared<ConsoleDevice*>(this)) {
    SKIFF_CHECK(named_ports.size() <= kMaxNamedPorts);
    ports_.push_back(std::make_unique<ConsolePort>(*this, 0, std::move(console)));
    queue_sizes_ = {kReceiveQueueSize, kTransmitQueueSize, kControlQueueSize, kControlQueueSize};
    for (PortOptions& options : named_ports) {
        const auto id = static_cast<std::uint32_t>(ports_.size());
        ports_.push_back(std::make_unique<ConsolePort>(*this, id, std::move(options)));
        queue_sizes_.insert(queue_sizes_.end(), {kReceiveQueueSize, kTransmitQueueSize});
    }
    if (ports_.front()->exists()) {
        window_ = ports_.front()->backend().window().value_or(PortWindow{});
    }
}

std::uint64_t ConsoleDevice::offered_features() const {
    const ConsolePort& console = *ports_.front();
    if (!console.exists()) {
        return VIRTIO_CONSOLE_F_MULTIPORT;
    }
    return VIRTIO_CONSOLE_F_MULTIPORT | VIRTIO_CONSOLE_F_EMERG_WRITE |
           (console.backend().has_window() ? VIRTIO_CONSOLE_F_SIZE : 0);
}

void ConsoleDevice::read_config(std::uint64_t offset, std::span<std::uint8_t> data) {
    const Config config{.cols = window_.columns,
                        .rows = window_.rows,
                        .max_nr_ports = static_cast<std::uint32_t>(ports_.size()),
                        .emerg_wr = 0};
    read_config_bytes(config, offset, data);
}

void ConsoleDevice::write_config(std::uint64_t offset, std::span<const std::uint8_t> data) {
    // 5.3.5.1: at any time, and the lower byte is what counts.
    if (offset == offsetof(Config, emerg_wr) && ports_.front()->exists()) {
        ports_.front()->backend().emergency_write(data.front());
    }
}

std::unique_ptr<QueueHandler> ConsoleDevice::start_queue(std::size_t index,
                                                         const QueueContext& context) {
    SKIFF_CHECK(&context.loop == &loop_);
    has_multiport_ = (context.features & VIRTIO_CONSOLE_F_MULTIPORT) != 0;
    switch (index) {
        case kControlReceiveQueue:
            return std::make_unique<ControlReceiveQueue>(*this, context);
        case kControlTransmitQueue:
            return std::make_unique<ControlTransmitQueue>(*this, context);
        default:
            break;
    }
    ConsolePort& port = *ports_.at(index < kFirstQueueOfPort1 ? 0 : index / 2 - 1);
    if (index % 2 == 0) {
        return std::make_unique<ReceiveQueue>(port, context);
    }
    return std::make_unique<TransmitQueue>(port, context);
}

void ConsoleDevice::reset() {
    // The ports belong to the loop, where the next queue starts after this.
    loop_.post([self = std::weak_ptr(self_)] {
        if (const auto device = self.lock()) {
            (*device)->begin_session();
        }
    });
}

void ConsoleDevice::begin_session() {
    has_multiport_ = false;
    for (const auto& port : ports_) {
        port->begin_session();
    }
}

void ConsoleDevice::start() {
    for (const auto& port : ports_) {
        if (port->exists()) {
            port->backend().input_wanted();
        }
    }
}

std::uint64_t ConsoleDevice::deliver_until(std::chrono::steady_clock::time_point deadline) {
    std::uint64_t lost = 0;
    for (const auto& port : ports_) {
        if (!port->exists()) {
            continue;
        }
        const bool somebody_is_there = port->backend().connected();
        if (auto* const sender = static_cast<TransmitQueue*>(port->sender())) {
            const std::uint64_t left =
                sender->deliver_until(port->backend().delivery_deadline(deadline));
            lost += somebody_is_there ? left : 0;
        }
        lost += port->backend().lost_bytes();
    }
    return lost;
}

void ConsoleDevice::set_window(std::optional<PortWindow> window) {
    host_.change_config([this, window] { window_ = window.value_or(PortWindow{}); });
}

void ConsoleDevice::messages_wait() {
    if (control_receiver_ != nullptr) {
        control_receiver_->resume_soon();
    }
}

ConsolePort* ConsoleDevice::port_with_message() {
    for (const auto& port : ports_) {
        if (port->next_message().has_value()) {
            return port.get();
        }
    }
    return nullptr;
}

void ConsoleDevice::take_message(const std::optional<ControlMessage>& message) {
    if (!message.has_value() || !has_multiport_) {
        ignored_messages_.add(1);
        return;
    }
    if (message->event == VIRTIO_CONSOLE_DEVICE_READY) {
        for (const auto& port : ports_) {
            if (message->value == 1) {
                port->announce();
            }
        }
        return;
    }
    if (message->id >= ports_.size() || !ports_[message->id]->exists()) {
        ignored_messages_.add(1);
        return;
    }
    ConsolePort& port = *ports_[message->id];
    switch (message->event) {
        case VIRTIO_CONSOLE_PORT_READY:
            if (message->value == 1) {
                port.describe();
            }
            return;
        case VIRTIO_CONSOLE_PORT_OPEN:
            port.set_open_in_guest(message->value != 0);
            return;
        default:
            ignored_messages_.add(1);
            return;
    }
}

}  // namespace skiff::virtio::console
