// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace payload {

/// A frame that leaves its checksum, and where `gso_type` says so its segments, to whoever gets it
/// (VIRTIO 1.2, 5.1.6.2): TCP, or UDP for the types of UDP. It goes to a station that is not there.
struct OffloadFrame {
    /// A VIRTIO_NET_HDR_GSO_ value; 0 for a frame that only lacks its checksum.
    std::uint8_t gso_type = 0;
    bool is_ip6 = false;

    /// How many bytes of a frame are headers.
    std::uint32_t headers_size() const;
    /// Writes the virtio header and those of the frame that is behind it, `size` bytes long.
    void write_headers(std::uint8_t* at, std::uint32_t size) const;

  private:
    bool is_udp() const;
    std::uint32_t ip_size() const;
    void write_virtio_header(std::uint8_t* at) const;
    void write_ip(std::uint8_t* at, std::uint32_t size) const;
    void write_transport(std::uint8_t* at, std::uint32_t size) const;
};

}  // namespace payload
