// SPDX-License-Identifier: Apache-2.0
#include "virtio/console/console_port.h"

#include <algorithm>
#include <utility>

#include "virtio/console/console_device.h"
#include "virtio/console/port_queues.h"

namespace skiff::virtio::console {
namespace {

template <typename T>
void append(std::vector<std::uint8_t>& bytes, const T& value) {
    const auto* const first = reinterpret_cast<const std::uint8_t*>(&value);
    bytes.insert(bytes.end(), first, first + sizeof value);
}

}  // namespace

ConsolePort::ConsolePort(ConsoleDevice& device, std::uint32_t id, PortOptions options)
    : device_(device), id_(id), options_(std::move(options)) {
    if (exists()) {
        backend().attach(*this);
    }
}

std::size_t ConsolePort::input_room() {
    const std::size_t room = input_.size() - input_count_;
    input_refused_ = room == 0;
    return room;
}

std::size_t ConsolePort::input(std::span<const std::uint8_t> bytes) {
    const std::size_t taken = std::min(bytes.size(), input_.size() - input_count_);
    for (const std::uint8_t byte : bytes.first(taken)) {
        input_[(input_head_ + input_count_) % input_.size()] = byte;
        ++input_count_;
    }
    if (receiver_ != nullptr && has_input_for_guest()) {
        receiver_->resume_soon();
    }
    return taken;
}

void ConsolePort::output_room() {
    if (sender_ != nullptr) {
        sender_->resume_soon();
    }
}

void ConsolePort::connection_changed() {
    update_connection();
    output_room();
}

void ConsolePort::window_changed() {
    if (options_.is_console) {
        device_.set_window(backend().window());
    }
    if (ready_ && backend().window().has_value()) {
        send(kResize);
    }
}

void ConsolePort::begin_session() {
    added_ = false;
    ready_ = false;
    open_in_guest_ = false;
    shown_connected_ = false;
    pending_ = 0;
}

void ConsolePort::announce() {
    // 5.3.6.2.1: no port is added that exists.
    if (exists() && !std::exchange(added_, true)) {
        send(kAdd);
    }
}

void ConsolePort::describe() {
    if (!added_) {
        return;
    }
    ready_ = true;
    shown_connected_ = looks_connected();
    send((options_.is_console ? kConsole : 0U) | (options_.name.empty() ? 0U : kName) |
         (options_.is_console && backend().window().has_value() ? kResize : 0U) |
         (shown_connected_ ? kOpen : 0U));
}

void ConsolePort::set_open_in_guest(bool is_open) {
    if (!added_) {
        return;
    }
    open_in_guest_ = is_open;
    update_connection();
    if (is_open && receiver_ != nullptr) {
        receiver_->resume_soon();
    }
}

void ConsolePort::send(unsigned messages) {
    pending_ |= messages;
    device_.messages_wait();
}

std::optional<std::vector<std::uint8_t>> ConsolePort::next_message() const {
    ControlMessage message{.id = id_, .event = 0, .value = 1};
    std::vector<std::uint8_t> bytes;
    switch (pending_ & -pending_) {  // the lowest bit
        case kAdd:
            message.event = VIRTIO_CONSOLE_DEVICE_ADD;
            append(bytes, message);
            return bytes;
        case kConsole:
            message.event = VIRTIO_CONSOLE_CONSOLE_PORT;
            append(bytes, message);
            return bytes;
        case kName:
            message.event = VIRTIO_CONSOLE_PORT_NAME;
            append(bytes, message);
            bytes.insert(bytes.end(), options_.name.begin(), options_.name.end());
            return bytes;
        case kResize: {
            const PortWindow window = backend().window().value_or(PortWindow{});
            message.event = VIRTIO_CONSOLE_RESIZE;
            append(bytes, message);
            append(bytes, ControlSize{.cols = window.columns, .rows = window.rows});
            return bytes;
        }
        case kOpen:
            message.event = VIRTIO_CONSOLE_PORT_OPEN;
            message.value = shown_connected_ ? 1 : 0;
            append(bytes, message);
            return bytes;
        default:
            return std::nullopt;
    }
}

void ConsolePort::message_was_sent() {
    pending_ &= pending_ - 1;
}

/// He who left is there for the guest as long as there is something of his to read.
bool ConsolePort::looks_connected() const {
    return backend().connected() ||
           (open_in_guest_ && (input_count_ != 0 || backend().input_is_left()));
}

void ConsolePort::update_connection() {
    if (ready_ && looks_connected() != shown_connected_) {
        shown_connected_ = !shown_connected_;
        send(kOpen);
    }
}

std::size_t ConsolePort::output(std::span<const std::uint8_t> bytes) {
    const std::size_t taken = exists() ? backend().write(bytes) : bytes.size();
    counters_.bytes_out.add(taken);
    return taken;
}

bool ConsolePort::has_input_for_guest() const {
    // 5.3.6.2: a port is closed until the driver says that it is open. Without MULTIPORT there is
    // no way to say so.
    return input_count_ != 0 && (open_in_guest_ || !device_.has_multiport());
}

std::uint32_t ConsolePort::give_input(DescriptorChain& chain) {
    std::uint32_t given = 0;
    while (input_count_ != 0 && chain.writable_bytes() != 0) {
        const std::size_t part = std::min<std::uint64_t>(
            {input_count_, input_.size() - input_head_, chain.writable_bytes()});
        if (!chain.write(std::span(input_).subspan(input_head_, part))) {
            break;
        }
        input_head_ = (input_head_ + part) % input_.size();
        input_count_ -= part;
        given += static_cast<std::uint32_t>(part);
    }
    counters_.bytes_in.add(given);
    return given;
}

void ConsolePort::input_was_given() {
    if (input_refused_ && input_count_ <= input_.size() / 2) {
        input_refused_ = false;
        backend().input_wanted();
    }
    if (exists()) {
        update_connection();
    }
}

}  // namespace skiff::virtio::console
