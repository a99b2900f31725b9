// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "virtio/net/net_backend.h"
#include "virtio/net/net_registers.h"

/// Frames on a stream socket, each after its length: four bytes, big-endian (passt's and QEMU's
/// protocol, passt(1) and the stream net device of QEMU).
namespace skiff::virtio::net {

inline constexpr std::size_t kLengthBytes = 4;
/// No frame is shorter than an Ethernet header.
inline constexpr std::size_t kShortestFrame = 14;
inline constexpr std::size_t kLongestFrame = kMaxFrameBytes - kHeaderBytes;

/// The receiving side. A large frame, whose length came with what was read before, is read straight
/// into its room; small ones come many at once into a buffer of our own, and are copied.
///
/// What the other end sends is checked: a length that no frame has is EPROTO, and then nothing more
/// can be understood.
class FrameReader {
  public:
    FrameReader();

    /// The next frame, or as much of it as there is room for. EAGAIN: no whole one is there; EPIPE:
    /// the other end is closed; EPROTO. Never waits.
    Transfer receive(int socket, std::span<const iovec> room);

    /// Whether a whole frame is here, which the socket does not tell of.
    bool holds_frame() const;

    /// For another socket.
    void reset();

  private:
    enum class Read { kSome, kFailed };

    std::size_t buffered() const { return end_ - begin_; }
    std::size_t next_length() const;
    Transfer take_buffered(std::size_t length, std::span<const iovec> room);
    Transfer read_directly(int socket, std::size_t length, std::span<const iovec> room);
    int read_more(int socket);
    void make_room();

    std::vector<std::uint8_t> buffer_;
    std::size_t begin_ = 0;  // what was read and not given yet
    std::size_t end_ = 0;
    bool large_frames_ = false;   // the last one was
    std::vector<iovec> scratch_;  // of read_directly()
};

/// The sending side: straight from the frame's buffers.
class FrameWriter {
  public:
    /// Sends one frame. EAGAIN: the socket is full, and perhaps a part was sent: this frame must
    /// come again when there is room, or abandon() be called; until then no other may come. Never
    /// waits.
    Transfer send(int socket, std::span<const iovec> frame);

    /// The frame that did not find room does not come again: what is missing of it will be zeros.
    void abandon();

    /// For another socket.
    void reset();

  private:
    int send_padding(int socket);

    std::size_t frame_bytes_ = 0;  // of the frame that has to come again, its length included
    std::size_t sent_bytes_ = 0;   // of these
    std::size_t padding_ = 0;      // zeros to send before anything else
    std::vector<iovec> scratch_;
};

}  // namespace skiff::virtio::net
