// SPDX-License-Identifier: Apache-2.0
#include "virtio/vsock/exchange.h"

#include <sys/epoll.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "virtio/vsock/connect_line.h"

namespace skiff::virtio::vsock {
namespace {

constexpr std::uint32_t kHeaderBytes = sizeof(PacketHeader);

void put(DescriptorChain& chain, const PacketHeader& header) {
    // A chain has room for a header and more.
    SKIFF_CHECK(chain.write({reinterpret_cast<const std::uint8_t*>(&header), sizeof header}));
}

}  // namespace

Exchange::Exchange(EventLoop& loop, const VsockOptions& options, const VsockLimits& limits,
                   UnixListener listener, std::function<void()> packets_came)
    : loop_(loop),
      options_(options),
      limits_(limits),
      packets_came_(std::move(packets_came)),
      timer_(loop, [this](Clock::time_point now) { expire(now); }),
      table_(limits),
      farewells_(loop, timer_),
      handshakes_(loop, std::move(listener), limits, timer_,
                  [this](UniqueFd client, std::uint32_t guest_port) {
                      connect_to_guest(std::move(client), guest_port);
                  }) {}

void Exchange::connect_to_guest(UniqueFd client, std::uint32_t guest_port) {
    if (is_full()) {
        counters_.refused.add(1);
        return;
    }
    Connection& connection = table_.insert(
        std::make_unique<Connection>(loop_, table_.free_ports(guest_port), Stream::Origin::kHost,
                                     table_.buffer_bytes(), std::move(client)));
    wait_at_most(connection, limits_.guest_answer);
    if (watch(connection)) {
        table_.note(connection);
        packets_came_();
    }
}

void Exchange::accept_from_guest(const PacketHeader& packet, Ports ports) {
    std::optional<UniqueFd> fd;
    // A reset that is on its way answers this request too.
    if (!is_full() && !table_.owes_reset({.ports = ports})) {
        fd = HostSocket::connect(socket_path_of_port(options_.path, ports.host));
    }
    if (!fd.has_value()) {
        counters_.refused.add(1);
        table_.owe_reset({.ports = ports});
        return;
    }
    counters_.streams_from_guest.add(1);
    Connection& connection = table_.insert(std::make_unique<Connection>(
        loop_, ports, Stream::Origin::kGuest, table_.buffer_bytes(), std::move(*fd)));
    connection.stream().take_credit(packet);
    if (watch(connection)) {
        table_.note(connection);
    }
}

bool Exchange::watch(Connection& connection) {
    const Ports ports = connection.ports();
    if (!connection.socket().watch(
            [this, ports](std::uint32_t events) { host_changed(ports, events); })) {
        reset(connection);
        return false;
    }
    return true;
}

void Exchange::host_changed(Ports ports, std::uint32_t events) {
    Connection& connection = *table_.find(ports);  // watched as long as it is there
    const bool gave_up = !connection.stream().established() && (events & EPOLLHUP) != 0;
    if (gave_up || !connection.host_changed(events)) {
        reset(connection);
    } else {
        table_.note(connection);
    }
    if (table_.has_packets()) {
        packets_came_();
    }
}

void Exchange::from_guest(const PacketHeader& packet, DescriptorChain& chain) {
    const Ports ports{.host = packet.dst_port, .guest = packet.src_port};
    const OwedReset answer{.host_cid = packet.dst_cid, .ports = ports, .type = packet.type};
    const Op op{packet.op};
    if (packet.src_cid != options_.cid) {
        counters_.strange_packets.add(1);  // whom it is from, nobody could be answered
        return;
    }
    const bool is_for_us =
        packet.dst_cid == kHostCid && SocketType{packet.type} == SocketType::kStream;
    if (Connection* const connection = is_for_us ? table_.find(ports) : nullptr) {
        react(*connection, packet, chain);
    } else if (op == Op::kRst) {
        table_.forget_reset(answer);
    } else if (is_for_us && op == Op::kRequest) {
        accept_from_guest(packet, ports);
    } else {
        counters_.strange_packets.add(1);
        table_.owe_reset(answer);
    }
}

void Exchange::react(Connection& connection, const PacketHeader& packet, DescriptorChain& chain) {
    const std::uint32_t bytes = packet.len;
    bool sound = bytes <= chain.readable_bytes();
    if (sound) {
        switch (connection.stream().receive(packet)) {
            case Reaction::kNone:
            case Reaction::kDiscard:
                break;
            case Reaction::kEstablished:
                sound = answer_client(connection);
                break;
            case Reaction::kData:
                counters_.bytes_from_guest.add(bytes);
                sound = connection.deliver(chain, bytes);
                break;
            case Reaction::kShutdown:
                connection.follow_guest_shutdown();
                break;
            case Reaction::kClosed:
                return close(connection);
            case Reaction::kEnded:
                if (!connection.stream().established()) {
                    counters_.refused.add(1);
                }
                table_.erase(connection);
                return;
            case Reaction::kViolation:
                sound = false;
                break;
        }
    }
    if (!sound) {
        return reset(connection);
    }
    table_.note(connection);
}

bool Exchange::answer_client(Connection& connection) {
    connection.deadline.reset();
    counters_.streams_from_host.add(1);
    std::string line = ok_line(connection.ports().host);
    const iovec piece{.iov_base = line.data(), .iov_len = line.size()};
    // Its socket is empty, so it takes the line, or is closed.
    return connection.socket().send({&piece, 1}).bytes == line.size();
}

/// 5.10.6.4: the guest has ended both directions, and waits for an RST.
void Exchange::close(Connection& connection) {
    table_.owe_reset({.ports = connection.ports()});
    const std::unique_ptr<Connection> last = table_.erase(connection);
    if (last->has_unsent()) {
        auto [fd, rest] = last->take_host_side();
        farewells_.add(std::move(fd), std::move(rest), Clock::now() + limits_.last_bytes);
    }
}

void Exchange::reset(Connection& connection) {
    if (connection.stream().known_to_guest()) {
        counters_.resets.add(1);
        table_.owe_reset({.ports = connection.ports()});
    } else {
        counters_.refused.add(1);
    }
    table_.erase(connection);
}

std::optional<std::uint32_t> Exchange::to_guest(DescriptorChain& chain) {
    while (true) {  // each round takes something that there was
        if (const auto reset_owed = table_.take_reset()) {
            PacketHeader header = header_for(reset_owed->ports, Op::kRst);
            header.src_cid = reset_owed->host_cid;
            header.type = reset_owed->type;
            put(chain, header);
            return kHeaderBytes;
        }
        Connection* const connection = table_.take_next();
        if (connection == nullptr) {
            return std::nullopt;
        }
        Stream& stream = connection->stream();
        if (const auto control = stream.take_control()) {
            PacketHeader header = header_for(connection->ports(), control->op);
            header.flags = control->flags;
            stream.put_credit(header);
            put(chain, header);
            if (stream.has_said_goodbye() && !connection->deadline.has_value()) {
                wait_at_most(*connection, limits_.guest_goodbye);
            }
            table_.note(*connection);
            return kHeaderBytes;
        }
        if (!connection->has_packet()) {
            continue;
        }
        std::uint32_t bytes = 0;
        switch (connection->receive(chain, kHeaderBytes, bytes)) {
            case Connection::Received::kData: {
                PacketHeader header = header_for(connection->ports(), Op::kRw);
                header.len = bytes;
                stream.put_credit(header);
                put(chain, header);
                counters_.bytes_to_guest.add(bytes);
                table_.note(*connection);
                return kHeaderBytes + bytes;
            }
            case Connection::Received::kNothing:
                table_.note(*connection);
                break;
            case Connection::Received::kBroken:
                reset(*connection);
                break;
        }
    }
}

PacketHeader Exchange::header_for(Ports ports, Op op) const {
    return {.src_cid = kHostCid,
            .dst_cid = options_.cid,
            .src_port = ports.host,
            .dst_port = ports.guest,
            .len = 0,
            .type = static_cast<std::uint16_t>(SocketType::kStream),
            .op = static_cast<std::uint16_t>(op),
            .flags = 0,
            .buf_alloc = 0,
            .fwd_cnt = 0};
}

void Exchange::wait_at_most(Connection& connection, VsockLimits::Time time) {
    connection.deadline = Clock::now() + time;
    timer_.ask(*connection.deadline);
}

void Exchange::expire(Clock::time_point now) {
    std::vector<Connection*> late;
    table_.for_each([&](Connection& connection) {
        if (!connection.deadline.has_value()) {
            return;
        }
        if (*connection.deadline <= now) {
            late.push_back(&connection);
        } else {
            timer_.ask(*connection.deadline);
        }
    });
    for (Connection* const connection : late) {
        reset(*connection);
    }
    farewells_.expire(now);
    handshakes_.expire(now);
    if (table_.has_packets()) {
        packets_came_();
    }
}

}  // namespace skiff::virtio::vsock
