// SPDX-License-Identifier: Apache-2.0
#include "tests/support/vsock_guest.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace skiff::test {
namespace {

using namespace virtio::vsock;

constexpr GuestRange kRam{GuestAddress(0), 128 * kMiB};
constexpr std::uint64_t kRoom = 40 * kMiB;
constexpr std::uint32_t kRegStatus = 0x070;

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    SKIFF_CHECK(path.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

UniqueFd make_socket() {
    return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

std::string name_of(Op op) {
    switch (op) {
        case Op::kInvalid:
            break;
        case Op::kRequest:
            return "REQUEST";
        case Op::kResponse:
            return "RESPONSE";
        case Op::kRst:
            return "RST";
        case Op::kShutdown:
            return "SHUTDOWN";
        case Op::kRw:
            return "RW";
        case Op::kCreditUpdate:
            return "CREDIT_UPDATE";
        case Op::kCreditRequest:
            return "CREDIT_REQUEST";
    }
    return "?";
}

}  // namespace

VsockGuest::VsockGuest(const VsockLimits& limits)
    : memory(std::move(GuestMemory::create(std::array{kRam}, {})).value()) {
    auto listener = UnixListener::listen(socket_path(), socket_path());
    SKIFF_CHECK(listener.ok());
    auto created = virtio::mmio::MmioTransport::create(
        [&](virtio::DeviceHost&) {
            auto made = std::make_unique<VsockDevice>(
                loop, VsockOptions{.cid = kCid, .path = socket_path()}, std::move(*listener),
                limits);
            device_ = made.get();
            return made;
        },
        {.memory = memory, .irq = line, .loops = loops_, .name = "vsock"});
    SKIFF_CHECK(created.ok());
    transport = std::move(*created);
    SKIFF_CHECK(device_->start().ok());
    start();
}

void VsockGuest::start() {
    driver.emplace(*transport);
    driver->write(kRegStatus, 0);
    SKIFF_CHECK(driver->negotiate(virtio::VIRTIO_F_VERSION_1 | VIRTIO_VSOCK_F_STREAM));
    buffers_.clear();
    for (std::uint32_t i = 0; i < queues.size(); ++i) {
        const std::uint16_t entries = i == kEventQueue ? 8 : kEntries;
        queues.at(i) = std::make_unique<DriverQueue>(
            memory, GuestAddress(0x1000 + i * (kRoom + 0x1000)), kRoom, entries);
        SKIFF_CHECK(driver->set_up_queue(i, queues.at(i)->layout()));
    }
    driver->driver_ok();
    run();
}

PacketHeader VsockGuest::header(Op op, std::uint32_t host_port, std::uint32_t guest_port,
                                std::uint32_t flags) {
    return {.src_cid = kCid,
            .dst_cid = kHostCid,
            .src_port = guest_port,
            .dst_port = host_port,
            .len = 0,
            .type = static_cast<std::uint16_t>(SocketType::kStream),
            .op = static_cast<std::uint16_t>(op),
            .flags = flags,
            .buf_alloc = kGuestCredit,
            .fwd_cnt = 0};
}

PacketHeader VsockGuest::data_header(std::uint32_t host_port, std::uint32_t guest_port,
                                     std::size_t bytes) {
    PacketHeader packet = header(Op::kRw, host_port, guest_port);
    packet.len = static_cast<std::uint32_t>(bytes);
    return packet;
}

void VsockGuest::put(const PacketHeader& packet, const Bytes& payload) {
    while (queues[kTxQueue]->take_used().has_value()) {
    }
    Bytes bytes(sizeof packet);
    std::memcpy(bytes.data(), &packet, sizeof packet);
    auto chain = queues[kTxQueue]->chain();
    chain.readable(bytes);
    if (!payload.empty()) {
        chain.readable(payload);
    }
    chain.submit();
}

void VsockGuest::send(const PacketHeader& packet, const Bytes& payload) {
    put(packet, payload);
    notify(kTxQueue);
}

void VsockGuest::notify(std::uint32_t queue) {
    driver->notify(queue);
    run();
}

void VsockGuest::give_buffers(unsigned count, std::uint32_t bytes) {
    for (unsigned i = 0; i < count; ++i) {
        const SubmittedChain chain = queues[kRxQueue]->chain().writable(bytes).submit();
        buffers_[chain.head] = chain;
    }
    notify(kRxQueue);
}

std::optional<VsockGuest::Packet> VsockGuest::take() {
    const auto used = queues[kRxQueue]->take_used();
    if (!used.has_value()) {
        return std::nullopt;
    }
    const Bytes bytes = queues[kRxQueue]->written(buffers_.at(used->id));
    Packet packet{};
    SKIFF_CHECK(used->len >= sizeof packet.header && used->len <= bytes.size());
    std::memcpy(&packet.header, bytes.data(), sizeof packet.header);
    packet.payload.assign(bytes.begin() + sizeof packet.header,
                          bytes.begin() + static_cast<std::ptrdiff_t>(used->len));
    SKIFF_CHECK(packet.header.len == packet.payload.size());
    return packet;
}

std::vector<std::string> VsockGuest::take_all() {
    std::vector<std::string> all;
    while (const auto packet = take()) {
        std::string text = name_of(packet->op());
        if (packet->op() == Op::kRw) {
            text += fmt::format(" {}", packet->payload.size());
        } else if (packet->op() == Op::kShutdown) {
            const std::uint32_t flags = packet->header.flags;
            text += fmt::format(" {}", flags);
        }
        all.push_back(std::move(text));
    }
    return all;
}

bool VsockGuest::broken() {
    return (driver->status() & virtio::DEVICE_NEEDS_RESET) != 0;
}

UniqueFd VsockGuest::connect() {
    UniqueFd fd = make_socket();
    const sockaddr_un address = address_of(socket_path());
    SKIFF_CHECK(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
                0);
    run();
    return fd;
}

UniqueFd VsockGuest::connect(std::uint32_t guest_port) {
    UniqueFd fd = connect();
    write(fd, text_bytes(fmt::format("CONNECT {}\n", guest_port)));
    run();
    return fd;
}

UniqueFd VsockGuest::listen(std::uint32_t port, int backlog) const {
    UniqueFd fd = make_socket();
    const sockaddr_un address = address_of(socket_path_of_port(socket_path(), port));
    SKIFF_CHECK(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    SKIFF_CHECK(::listen(fd.get(), backlog) == 0);
    return fd;
}

UniqueFd VsockGuest::accept(const UniqueFd& listener) {
    timeval no_wait{.tv_sec = 0, .tv_usec = 1};
    ::setsockopt(listener.get(), SOL_SOCKET, SO_RCVTIMEO, &no_wait, sizeof no_wait);
    return UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

void VsockGuest::write(const UniqueFd& fd, const Bytes& bytes) {
    SKIFF_CHECK(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
                static_cast<ssize_t>(bytes.size()));
}

Bytes VsockGuest::read(const UniqueFd& fd, std::size_t most) {
    Bytes all(most);
    std::size_t size = 0;
    while (size < most) {
        const ssize_t got = ::recv(fd.get(), all.data() + size, most - size, MSG_DONTWAIT);
        if (got <= 0) {
            break;
        }
        size += static_cast<std::size_t>(got);
    }
    all.resize(size);
    return all;
}

bool VsockGuest::at_end(const UniqueFd& fd) {
    char byte = 0;
    const ssize_t got = ::recv(fd.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    return got == 0 || (got < 0 && errno == ECONNRESET);
}

Bytes text_bytes(const std::string& text) {
    return {text.begin(), text.end()};
}

std::string text_of(const Bytes& bytes) {
    return {bytes.begin(), bytes.end()};
}

}  // namespace skiff::test
