// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "vmm/netstack/packet.h"
#include "vmm/netstack/stream_server.h"

namespace skiff::netstack {

/// The server's end of one TCP connection (RFC 9293), from the client's SYN on. Its client is on
/// the same machine, behind a queue that loses nothing by itself: so there is no congestion
/// control, no selective acknowledgment and no window scaling, and what comes out of order is
/// thrown away for the client to send again.
///
/// Everything that a client can make it keep is bounded: what it has received and not used, one
/// answer of the handler's, and its time: without progress it ends.
class TcpConnection {
  public:
    using Clock = virtio::net::FrameService::Clock;

    /// Received bytes that the handler has not used: the window.
    static constexpr std::size_t kWindow = 16 * 1024;
    /// Sent bytes that the client has not acknowledged.
    static constexpr std::size_t kMaxInFlight = 16 * 1024;
    /// Without anything that moves it on.
    static constexpr std::chrono::seconds kMaxIdle{30};
    /// Until a segment is sent again, doubled each time.
    static constexpr std::chrono::milliseconds kFirstTimeout{1000};
    static constexpr unsigned kMaxTimeouts = 5;

    /// Answers `syn`, a client's first segment. `initial_sequence` is ours.
    TcpConnection(const TcpSegment& syn, std::uint32_t initial_sequence,
                  std::unique_ptr<StreamHandler> handler, Clock::time_point now);

    const Endpoint& client() const { return client_; }
    const Endpoint& server() const { return server_; }
    /// Whether the client has answered our SYN.
    bool is_established() const { return state_ != State::kSynReceived; }
    /// When it last moved on.
    Clock::time_point active_since() const { return active_since_; }
    /// Nothing remains to be said or heard.
    bool is_over() const { return state_ == State::kOver && !has_segment(); }

    /// One of the client's segments, of this connection.
    void receive(const TcpSegment& segment, Clock::time_point now);

    bool has_segment() const;
    /// The next segment for the client, where has_segment(). Its payload is valid until the next
    /// call of anything.
    TcpSegment next_segment(Clock::time_point now);

    /// When tick() is due.
    Clock::time_point deadline() const;
    void tick(Clock::time_point now);

  private:
    enum class State {
        kSynReceived,
        kEstablished,
        kOver,
    };

    void acknowledge(const TcpSegment& segment, Clock::time_point now);
    void take_payload(const TcpSegment& segment);
    void take_fin(const TcpSegment& segment);
    void serve();
    void watch_window(Clock::time_point now);
    void end();
    void reset(Clock::time_point now);
    std::size_t unsent_bytes() const;
    std::size_t sendable_bytes() const;
    bool can_send_fin() const;
    std::uint32_t in_flight() const { return send_next_ - send_unacknowledged_; }
    std::uint16_t window() const;

    Endpoint client_;
    Endpoint server_;
    State state_ = State::kSynReceived;
    std::unique_ptr<StreamHandler> handler_;
    std::size_t max_payload_;

    // Names as in RFC 9293, 3.3.1.
    std::uint32_t receive_next_;
    std::uint32_t send_unacknowledged_;
    std::uint32_t send_next_;
    std::uint32_t send_highest_;  // send_next_ before what was lost is sent again
    std::uint32_t send_window_;   // the client's
    std::uint16_t told_window_ = 0;

    std::string in_;   // not used by the handler
    std::string out_;  // from send_unacknowledged_ on, the SYN and the FIN left out
    bool must_send_syn_ = true;
    bool must_acknowledge_ = false;
    bool must_reset_ = false;
    bool may_probe_ = false;         // one byte, though the client's window is closed
    bool client_has_ended_ = false;  // its FIN has come
    bool ends_ = false;              // a FIN of ours follows out_
    bool fin_is_acknowledged_ = false;

    Clock::time_point active_since_;
    std::optional<Clock::time_point> resend_at_;
    unsigned timeouts_ = 0;
};

}  // namespace skiff::netstack
