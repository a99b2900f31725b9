// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "virtio/vsock/vsock_registers.h"

namespace skiff::virtio::vsock {

/// What a packet of the guest means to the stream's owner.
enum class Reaction {
    kNone,
    kEstablished,  ///< The guest has accepted the host's connection.
    kData,         ///< The payload is for the host's end; forwarded() when that has it.
    kDiscard,      ///< The payload is for nobody any more.
    kShutdown,     ///< The guest has said that it ends one direction: guest_sends(), …
    kClosed,       ///< It has ended both: owes us nothing, and waits for an RST.
    kEnded,        ///< It has reset the stream, which exists no more.
    kViolation,    ///< It broke the rules: to be reset.
};

/// A packet without payload that a stream owes to the guest.
struct Control {
    Op op;
    std::uint32_t flags = 0;
};

/// One stream between guest and host as the protocol knows it (VIRTIO 1.2, 5.10.6.3 and 5.10.6.4):
/// its state, the credit of both sides, and which control packets are due, of each kind one at
/// most. No socket and no packet is in it.
class Stream {
  public:
    enum class Origin { kHost, kGuest };

    /// `buffer_bytes`: how much of what the guest sends can be kept for the host's end.
    Stream(Origin origin, std::uint32_t buffer_bytes);

    // What comes from the guest.

    /// The REQUEST by which the guest made a stream of Origin::kGuest: what it says of credit.
    void take_credit(const PacketHeader& packet);
    /// Another packet of this stream; all its fields but for addresses and type are the guest's.
    Reaction receive(const PacketHeader& packet);

    // What comes from the host's end.

    /// The next `bytes` of the payload have reached the host's end, or will never.
    void forwarded(std::uint32_t bytes);
    /// It sends nothing any more, and all it sent was given to the guest.
    void host_stops_sending() { owe_shutdown(VIRTIO_VSOCK_SHUTDOWN_F_SEND); }
    void host_stops_receiving() { owe_shutdown(VIRTIO_VSOCK_SHUTDOWN_F_RECEIVE); }
    void host_is_gone() { owe_shutdown(kShutdownBoth); }
    /// It has something to send, for which there is no credit: asks the guest, once.
    void want_credit();

    // What goes to the guest.

    bool owes_control() const;
    /// The next control packet; the caller sends it.
    std::optional<Control> take_control();
    /// How many bytes may be sent now.
    std::uint32_t sendable_bytes() const;
    void sent(std::uint32_t bytes) { sent_ += bytes; }
    /// Completes the header of a packet that is sent now.
    void put_credit(PacketHeader& packet);

    /// Whether the guest has accepted the stream, or asked for it.
    bool established() const { return established_; }
    /// Whether there is somebody at the guest's end who would wonder at its end.
    bool known_to_guest() const { return known_to_guest_; }
    bool guest_sends() const { return (guest_shut_ & VIRTIO_VSOCK_SHUTDOWN_F_SEND) == 0; }
    bool guest_receives() const { return (guest_shut_ & VIRTIO_VSOCK_SHUTDOWN_F_RECEIVE) == 0; }
    bool host_sends() const { return (host_shut_ & VIRTIO_VSOCK_SHUTDOWN_F_SEND) == 0; }
    bool host_receives() const { return (host_shut_ & VIRTIO_VSOCK_SHUTDOWN_F_RECEIVE) == 0; }
    /// The guest was told that the host's end is gone: its RST is due.
    bool has_said_goodbye() const { return told_shut_ == kShutdownBoth; }

  private:
    void owe_shutdown(std::uint32_t flags) { host_shut_ |= flags; }
    Reaction receive_data(std::uint32_t bytes);
    Reaction receive_shutdown(std::uint32_t flags);
    std::uint32_t unforwarded() const { return received_ - forwarded_; }

    const Origin origin_;
    const std::uint32_t buffer_bytes_;
    bool established_;
    bool known_to_guest_;
    bool owes_open_ = true;  // REQUEST or RESPONSE, before everything else
    bool owes_credit_update_ = false;
    bool owes_credit_request_ = false;
    bool has_asked_for_credit_ = false;
    // VIRTIO_VSOCK_SHUTDOWN_F_…
    std::uint32_t guest_shut_ = 0;
    std::uint32_t host_shut_ = 0;
    std::uint32_t told_shut_ = 0;  // what the guest knows of host_shut_
    // 5.10.6.3: free-running counters, modulo 2^32.
    std::uint32_t received_ = 0;
    std::uint32_t forwarded_ = 0;
    std::uint32_t told_forwarded_ = 0;
    std::uint32_t sent_ = 0;
    std::uint32_t guest_buffer_ = 0;
    std::uint32_t guest_forwarded_ = 0;
};

}  // namespace skiff::virtio::vsock
