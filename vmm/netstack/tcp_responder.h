// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <variant>
#include <vector>

#include "virtio/net/frame_service.h"
#include "vmm/netstack/packet.h"
#include "vmm/netstack/stream_server.h"
#include "vmm/netstack/tcp_connection.h"

namespace skiff::netstack {

/// An IPv4 host with one TCP port, made of frames: it answers ARP for its address, accepts
/// connections to the port, and refuses everything else that is TCP.
///
/// Memory is bounded whatever the guest sends: kMaxConnections of what a TcpConnection keeps, and
/// kMaxReplies frames without content. Before the first frame there is nothing of it.
class TcpResponder final : public virtio::net::FrameService {
  public:
    static constexpr std::size_t kMaxConnections = 16;
    static constexpr std::size_t kMaxReplies = 16;
    /// Locally administered; the guest's own devices have other ones.
    static constexpr MacAddress kMac = {0x06, 0x01, 0x23, 0x45, 0x67, 0x01};

    struct Options {
        Ipv4Address address;
        std::uint16_t port = 80;
        std::shared_ptr<StreamServer> server;
        /// Where a connection's sequence numbers begin; by default nobody can guess it.
        std::function<std::uint32_t()> initial_sequence = random_sequence;
    };

    explicit TcpResponder(Options options) : options_(std::move(options)) {}

    Ipv4Address address() const override { return options_.address; }
    void take(std::span<const std::uint8_t> frame, bool checksum_is_whole,
              Clock::time_point now) override;
    bool has_frame() const override;
    std::size_t give(std::span<std::uint8_t, kMaxGivenBytes> room, Clock::time_point now) override;
    std::optional<Clock::time_point> deadline() const override;
    void tick(Clock::time_point now) override;
    void reset() override;

    std::size_t connection_count() const { return connections_.size(); }

  private:
    using Connections = std::vector<std::unique_ptr<TcpConnection>>;
    using Reply = std::variant<ArpRequest, TcpSegment>;

    static std::uint32_t random_sequence();
    void take_segment(const TcpSegment& segment, Clock::time_point now);
    void accept(const TcpSegment& syn, Clock::time_point now);
    void refuse(const TcpSegment& segment);
    void make_room();
    void reply(const Reply& reply);
    void forget_ended();

    Options options_;
    Connections connections_;
    std::size_t next_ = 0;  // of these, to give a frame
    std::deque<Reply> replies_;
};

}  // namespace skiff::netstack
