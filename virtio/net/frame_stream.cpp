// SPDX-License-Identifier: Apache-2.0
#include "virtio/net/frame_stream.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace skiff::virtio::net {
namespace {

constexpr std::size_t kBufferBytes = 2 * (kLengthBytes + kLongestFrame);
// From this size on a frame costs more to copy than to read by a call of its own.
constexpr std::size_t kLargeFrame = 4096;

std::size_t total(std::span<const iovec> parts) {
    std::size_t bytes = 0;
    for (const iovec& part : parts) {
        bytes += part.iov_len;
    }
    return bytes;
}

/// The first `bytes` bytes of `parts`, after those that are skipped.
void append(std::vector<iovec>& to, std::span<const iovec> parts, std::size_t skip,
            std::size_t bytes) {
    for (iovec part : parts) {
        const std::size_t skipped = std::min(skip, part.iov_len);
        skip -= skipped;
        part.iov_base = static_cast<std::uint8_t*>(part.iov_base) + skipped;
        part.iov_len = std::min(part.iov_len - skipped, bytes);
        bytes -= part.iov_len;
        if (part.iov_len != 0) {
            to.push_back(part);
        }
    }
}

std::array<std::uint8_t, kLengthBytes> big_endian(std::size_t length) {
    return {static_cast<std::uint8_t>(length >> 24), static_cast<std::uint8_t>(length >> 16),
            static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
}

int receive_error(ssize_t got) {
    if (got == 0) {
        return EPIPE;
    }
    return errno == ECONNRESET || errno == ENOTCONN ? EPIPE : errno;
}

int send_error() {
    return errno == ECONNRESET || errno == ENOTCONN ? EPIPE : errno;
}

}  // namespace

FrameReader::FrameReader() : buffer_(kBufferBytes) {}

void FrameReader::reset() {
    begin_ = 0;
    end_ = 0;
    large_frames_ = false;
}

/// Of the frame at the front; its length is in the buffer.
std::size_t FrameReader::next_length() const {
    std::size_t length = 0;
    for (std::size_t i = 0; i < kLengthBytes; ++i) {
        length = length << 8 | buffer_[begin_ + i];
    }
    return length;
}

bool FrameReader::holds_frame() const {
    return buffered() >= kLengthBytes && buffered() - kLengthBytes >= next_length();
}

Transfer FrameReader::receive(int socket, std::span<const iovec> room) {
    for (;;) {
        if (buffered() >= kLengthBytes) {
            const std::size_t length = next_length();
            if (length < kShortestFrame || length > kLongestFrame) {
                return {.bytes = 0, .error = EPROTO};
            }
            if (holds_frame()) {
                return take_buffered(length, room);
            }
            if (buffered() == kLengthBytes && length >= kLargeFrame && total(room) >= length) {
                return read_directly(socket, length, room);
            }
        }
        if (const int error = read_more(socket); error != 0) {
            return {.bytes = 0, .error = error};
        }
    }
}

Transfer FrameReader::take_buffered(std::size_t length, std::span<const iovec> room) {
    const std::uint8_t* from = buffer_.data() + begin_ + kLengthBytes;
    std::size_t left = length;
    for (const iovec& part : room) {
        const std::size_t bytes = std::min(part.iov_len, left);
        if (bytes != 0) {
            std::memcpy(part.iov_base, from, bytes);
        }
        from += bytes;
        left -= bytes;
    }
    begin_ += kLengthBytes + length;
    large_frames_ = length >= kLargeFrame;
    return {.bytes = length - left, .error = 0};
}

/// The frame goes into its room, and the next one's length into the buffer. Of a frame that is not
/// there as a whole yet, what is there goes into the buffer too: the next call may have other room.
Transfer FrameReader::read_directly(int socket, std::size_t length, std::span<const iovec> room) {
    scratch_.clear();
    append(scratch_, room, 0, length);
    std::array<std::uint8_t, kLengthBytes> next{};
    scratch_.push_back({.iov_base = next.data(), .iov_len = next.size()});
    msghdr message{};
    message.msg_iov = scratch_.data();
    message.msg_iovlen = scratch_.size();
    const ssize_t got = ::recvmsg(socket, &message, MSG_DONTWAIT);
    if (got <= 0) {
        return {.bytes = 0, .error = receive_error(got)};
    }
    const auto bytes = static_cast<std::size_t>(got);
    reset();
    large_frames_ = true;
    if (bytes >= length) {
        end_ = bytes - length;
        std::copy_n(next.begin(), end_, buffer_.begin());
        return {.bytes = length, .error = 0};
    }
    const auto head = big_endian(length);
    std::copy(head.begin(), head.end(), buffer_.begin());
    end_ = kLengthBytes;
    std::size_t left = bytes;
    for (const iovec& part : room) {
        const std::size_t here = std::min(part.iov_len, left);
        if (here != 0) {
            std::memcpy(buffer_.data() + end_, part.iov_base, here);
        }
        end_ += here;
        left -= here;
    }
    return {.bytes = 0, .error = EAGAIN};
}

void FrameReader::make_room() {
    std::memmove(buffer_.data(), buffer_.data() + begin_, buffered());
    end_ -= begin_;
    begin_ = 0;
}

/// Something more into the buffer: 0, or an errno value.
int FrameReader::read_more(int socket) {
    make_room();
    std::size_t wanted = buffer_.size() - end_;
    if (large_frames_) {
        // No further than to the next length, so that what follows it can be read directly.
        const std::size_t goal =
            buffered() < kLengthBytes ? kLengthBytes : 2 * kLengthBytes + next_length();
        wanted = goal - buffered();
    }
    const ssize_t got = ::recv(socket, buffer_.data() + end_, wanted, MSG_DONTWAIT);
    if (got <= 0) {
        return receive_error(got);
    }
    end_ += static_cast<std::size_t>(got);
    return 0;
}

void FrameWriter::reset() {
    frame_bytes_ = 0;
    sent_bytes_ = 0;
    padding_ = 0;
}

void FrameWriter::abandon() {
    if (sent_bytes_ != 0) {
        padding_ += frame_bytes_ - sent_bytes_;
    }
    frame_bytes_ = 0;
    sent_bytes_ = 0;
}

Transfer FrameWriter::send(int socket, std::span<const iovec> frame) {
    const std::size_t length = total(frame);
    if (length < kShortestFrame || length > kLongestFrame) {
        return {.bytes = 0, .error = EMSGSIZE};
    }
    if (const int error = send_padding(socket); error != 0) {
        return {.bytes = 0, .error = error};
    }
    const std::size_t all = kLengthBytes + length;
    SKIFF_CHECK(frame_bytes_ == 0 || frame_bytes_ == all);
    auto head = big_endian(length);
    const iovec head_part{.iov_base = head.data(), .iov_len = head.size()};
    frame_bytes_ = all;
    while (sent_bytes_ < all) {
        scratch_.clear();
        append(scratch_, {&head_part, 1}, sent_bytes_, all);
        append(scratch_, frame, sent_bytes_ - std::min(sent_bytes_, kLengthBytes), all);
        msghdr message{};
        message.msg_iov = scratch_.data();
        message.msg_iovlen = scratch_.size();
        const ssize_t sent = ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0) {
            const int error = send_error();
            if (error == EPIPE || (sent_bytes_ == 0 && error != EAGAIN)) {
                reset();
                return {.bytes = 0, .error = error};
            }
            return {.bytes = 0, .error = EAGAIN};  // a frame that was begun must be finished
        }
        sent_bytes_ += static_cast<std::size_t>(sent);
    }
    reset();
    return {.bytes = length, .error = 0};
}

int FrameWriter::send_padding(int socket) {
    static constexpr std::array<std::uint8_t, 4096> kZeros{};
    while (padding_ != 0) {
        const ssize_t sent = ::send(socket, kZeros.data(), std::min(padding_, kZeros.size()),
                                    MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0) {
            return send_error();
        }
        padding_ -= static_cast<std::size_t>(sent);
    }
    return 0;
}

}  // namespace skiff::virtio::net
