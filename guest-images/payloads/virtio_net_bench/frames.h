// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// The network benchmark's frames, as the guest's payload and the host's program
/// (tests/bench/reference) write and check them. Plain bytes: nothing of a payload's is needed.
namespace payload::bench {

/// What a frame begins with, its virtio header included.
constexpr std::uint32_t kNetHeaderSize = 12;
constexpr std::uint32_t kEthernetSize = 14;
constexpr std::uint32_t kIpSize = 20;
constexpr std::uint32_t kTcpSize = 20;
constexpr std::uint32_t kIcmpSize = 8;
constexpr std::uint32_t kPingSize = 64;
constexpr std::uint16_t kSegmentSize = 1448;

/// Ethernet types: one for local experiments (IEEE 802), that no stack listens to, IPv4 and IPv6.
constexpr std::uint16_t kExperimentalType = 0x88b5;
constexpr std::uint16_t kIpType = 0x0800;
constexpr std::uint16_t kIp6Type = 0x86dd;

/// The last bytes of addresses that begin with 02:00:00:00:00, and with 10.99.0.
constexpr std::uint8_t kGuest = 2;
constexpr std::uint8_t kHost = 1;
constexpr std::uint8_t kNobody = 9;

inline void put16(std::uint8_t* at, std::uint32_t value) {
    at[0] = static_cast<std::uint8_t>(value >> 8);
    at[1] = static_cast<std::uint8_t>(value);
}

inline void put64(std::uint8_t* at, std::uint64_t value) {
    for (unsigned i = 0; i < 8; ++i) {
        at[i] = static_cast<std::uint8_t>(value >> 8 * i);
    }
}

inline std::uint64_t get64(const std::uint8_t* at) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < 8; ++i) {
        value |= std::uint64_t{at[i]} << 8 * i;
    }
    return value;
}

/// The Internet checksum (RFC 1071).
inline std::uint16_t internet_checksum(const std::uint8_t* data, std::uint32_t size) {
    std::uint32_t sum = 0;
    for (std::uint32_t i = 0; i + 1 < size; i += 2) {
        sum += static_cast<std::uint32_t>(data[i] << 8 | data[i + 1]);
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<std::uint16_t>(~sum);
}

inline void put_ethernet(std::uint8_t* at, std::uint8_t to, std::uint8_t from, std::uint16_t type) {
    const std::uint8_t header[kEthernetSize] = {2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, 0, 0};
    for (unsigned i = 0; i < kEthernetSize; ++i) {
        at[i] = header[i];
    }
    put16(at + 12, type);
}

inline void put_ip(std::uint8_t* at, std::uint32_t size, std::uint8_t protocol, std::uint8_t to,
                   std::uint8_t from) {
    const std::uint8_t header[kIpSize] = {0x45, 0, 0,  0,  0, 0,    0x40, 0,  64, protocol,
                                          0,    0, 10, 99, 0, from, 10,   99, 0,  to};
    for (unsigned i = 0; i < kIpSize; ++i) {
        at[i] = header[i];
    }
    put16(at + 2, size);
    put16(at + 10, internet_checksum(at, kIpSize));
}

/// A frame of `size` bytes after its virtio header, all of which it writes but for the content. One
/// above the MTU is TCP that is yet to be cut into segments, and goes to a station that is not
/// there: the stack looks at its address and throws it away.
class Frame {
  public:
    Frame(std::uint8_t* at, std::uint32_t size) : at_(at), size_(size) {}

    static bool is_segmented(std::uint32_t size) { return size > 1518; }

    void prepare(std::uint8_t to, std::uint8_t from) const {
        for (unsigned i = 0; i < kNetHeaderSize; ++i) {
            at_[i] = 0;
        }
        if (!is_segmented(size_)) {
            return put_ethernet(frame(), to, from, kExperimentalType);
        }
        at_[0] = 1;  // VIRTIO_NET_HDR_F_NEEDS_CSUM
        at_[1] = 1;  // VIRTIO_NET_HDR_GSO_TCPV4
        put_little16(at_ + 2, kEthernetSize + kIpSize + kTcpSize);
        put_little16(at_ + 4, kSegmentSize);
        put_little16(at_ + 6, kEthernetSize + kIpSize);
        put_little16(at_ + 8, 16);  // where TCP's checksum is
        put_ethernet(frame(), to, from, kIpType);
        put_ip(frame() + kEthernetSize, size_ - kEthernetSize, 6, kNobody, from);
        std::uint8_t* const tcp = frame() + kEthernetSize + kIpSize;
        for (unsigned i = 0; i < kTcpSize; ++i) {
            tcp[i] = 0;
        }
        put16(tcp, 9);  // from and to the port of discard
        put16(tcp + 2, 9);
        tcp[12] = kTcpSize / 4 << 4;
        tcp[13] = 0x10;  // ACK
    }

    /// Its number stands twice: at the content's beginning and at the frame's end.
    void set_number(std::uint64_t number) const {
        put64(first_number(), number);
        put64(last_number(), number);
    }
    bool has_number(std::uint64_t number) const {
        return get64(first_number()) == number && get64(last_number()) == number;
    }
    std::uint64_t number() const { return get64(first_number()); }
    std::uint16_t type() const {
        return static_cast<std::uint16_t>(frame()[12] << 8 | frame()[13]);
    }

  private:
    static void put_little16(std::uint8_t* at, std::uint32_t value) {
        at[0] = static_cast<std::uint8_t>(value);
        at[1] = static_cast<std::uint8_t>(value >> 8);
    }

    std::uint8_t* frame() const { return at_ + kNetHeaderSize; }
    std::uint8_t* first_number() const {
        return frame() + kEthernetSize + (is_segmented(size_) ? kIpSize + kTcpSize : 0);
    }
    std::uint8_t* last_number() const { return frame() + size_ - 8; }

    std::uint8_t* at_;
    std::uint32_t size_;
};

/// An ICMP echo request of kPingSize bytes after its virtio header (RFC 792), and its reply, which
/// the host's kernel makes at once, on the thread that gave it the request.
class Ping {
  public:
    explicit Ping(std::uint8_t* at) : at_(at) {}

    void prepare() const {
        for (unsigned i = 0; i < kNetHeaderSize + kPingSize; ++i) {
            at_[i] = 0;
        }
        put_ethernet(frame(), kHost, kGuest, kIpType);
        put_ip(frame() + kEthernetSize, kPingSize - kEthernetSize, 1, kHost, kGuest);
        put16(frame() + kEthernetSize + kIpSize + 4, kIdentifier);
    }

    void set_number(std::uint16_t number) const {
        std::uint8_t* const icmp = frame() + kEthernetSize + kIpSize;
        icmp[0] = kEchoRequest;
        put16(icmp + 2, 0);
        put16(icmp + 6, number);
        put16(icmp + 2, internet_checksum(icmp, kPingSize - kEthernetSize - kIpSize));
    }

    bool is_reply(std::uint16_t number) const {
        const std::uint8_t* const icmp = frame() + kEthernetSize + kIpSize;
        return frame()[12] == kIpType >> 8 && frame()[13] == (kIpType & 0xff) && icmp[0] == 0 &&
               (icmp[6] << 8 | icmp[7]) == number &&
               internet_checksum(icmp, kPingSize - kEthernetSize - kIpSize) == 0;
    }

  private:
    static constexpr std::uint8_t kEchoRequest = 8;
    // Not 0: a message that is all zero has two checksums.
    static constexpr std::uint16_t kIdentifier = 0x5346;

    std::uint8_t* frame() const { return at_ + kNetHeaderSize; }

    std::uint8_t* at_;
};

}  // namespace payload::bench
