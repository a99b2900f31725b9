// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "virtio/queue.h"
#include "virtio/vsock_registers.h"

namespace payload::vsock {

using virtio::vsock::Header;

/// One stream as the guest knows it; the index in the table is its guest port, or the low bits of
/// its host port where the host made it.
struct Stream {
    enum class State : std::uint8_t { kNone, kConnecting, kOpen, kClosing };
    State state = State::kNone;
    std::uint32_t host_port = 0, guest_port = 0;
    std::uint32_t sent = 0, received = 0, forwarded = 0, told_forwarded = 0;
    std::uint32_t peer_buffer = 0, peer_forwarded = 0;
    bool has_said_all = false;

    std::uint32_t credit() const { return peer_buffer - (sent - peer_forwarded); }
};

/// The driver's side of the socket device: packets out, packets in. Receive buffers are pages; who
/// takes a packet gives its page back.
class Driver {
  public:
    static constexpr std::uint32_t kStreams = 512;
    static constexpr std::uint32_t kBuffer = 16 * 1024;  // a stream's credit for the host

    bool set_up();
    std::uint64_t cid() const { return cid_; }

    Stream& of_host_port(std::uint32_t port) { return streams_[port % kStreams]; }
    Stream& of_guest_port(std::uint32_t port) { return streams_[port % kStreams]; }

    /// A packet without payload.
    void send_control(Stream& stream, std::uint16_t op, std::uint32_t flags = 0);
    /// `page` is a packet that came, with payload, which goes back as it is; the page is ours again
    /// when it was sent.
    void send_back(Stream& stream, std::uint64_t page, std::uint32_t bytes);
    /// Payload from elsewhere, which stays there.
    void send_data(Stream& stream, std::uint64_t payload, std::uint32_t bytes);

    /// The page of the next packet that came, 0 where none did. Its header is checked in so far as
    /// it is one for us.
    std::uint64_t take();
    void give_back(std::uint64_t page);
    /// Collects what was sent, and shows the device what is new.
    void work();
    bool has_room_to_send() { return tx_.free_descriptors() > 8; }
    std::uint64_t strange() const { return rx_.strange_completions() + tx_.strange_completions(); }

  private:
    static constexpr unsigned kPages = 128;
    static constexpr unsigned kHeaders = 256;

    Header& fill(std::uint64_t at, Stream& stream, std::uint16_t op, std::uint32_t len,
                 std::uint32_t flags);
    std::uint64_t take_header();
    void wait_for_room(unsigned descriptors);

    virtio::Device device_;
    virtio::Queue rx_, tx_;
    std::uint64_t cid_ = 0;
    Stream streams_[kStreams];
    std::uint64_t rx_page_[virtio::Ring::kMaxSize];  // by head
    std::uint64_t tx_page_[virtio::Ring::kMaxSize];  // pages to receive with again, by head; or 0
    std::uint64_t tx_header_[virtio::Ring::kMaxSize];
    std::uint64_t free_headers_[kHeaders];
    unsigned free_header_count_ = 0;
};

}  // namespace payload::vsock
