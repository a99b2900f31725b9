// SPDX-License-Identifier: Apache-2.0
#include "virtio/vsock/connection.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

namespace skiff::virtio::vsock {
namespace {

/// The pieces of `from` without their first `skip` bytes and with `most` at most.
class Pieces {
  public:
    Pieces(std::span<const iovec> from, std::size_t skip, std::size_t most) {
        for (const iovec& piece : from) {
            const std::size_t skipped = std::min(skip, piece.iov_len);
            skip -= skipped;
            const std::size_t size = std::min(piece.iov_len - skipped, most);
            if (size != 0 && count_ < pieces_.size()) {
                pieces_.at(count_++) = {.iov_base = static_cast<char*>(piece.iov_base) + skipped,
                                        .iov_len = size};
                most -= size;
            }
        }
    }
    std::span<const iovec> get() const { return std::span(pieces_).first(count_); }

  private:
    std::array<iovec, kMaxPieces> pieces_;
    std::size_t count_ = 0;
};

}  // namespace

bool Connection::deliver(DescriptorChain& chain, std::uint32_t bytes) {
    std::uint32_t left = bytes;
    while (left != 0 && unsent_.empty()) {
        const Transfer sent = socket_.send(Pieces(chain.readable(), 0, left).get());
        if (sent.nobody_reads()) {
            stream_.forwarded(left);
            nobody_reads();
            return true;
        }
        if (sent.would_wait()) {
            break;
        }
        if (sent.error != 0 || sent.bytes == 0 || !chain.skip_readable(sent.bytes)) {
            return false;
        }
        left -= static_cast<std::uint32_t>(sent.bytes);
        stream_.forwarded(static_cast<std::uint32_t>(sent.bytes));
    }
    if (left == 0) {
        return true;
    }
    // The stream has checked that it is no more than there is room for.
    for (const iovec& place : unsent_.append(left)) {
        if (place.iov_len != 0 &&
            !chain.read({static_cast<std::uint8_t*>(place.iov_base), place.iov_len})) {
            return false;
        }
    }
    return true;
}

bool Connection::flush() {
    while (!unsent_.empty()) {
        const Transfer sent = socket_.send(unsent_.content());
        if (sent.nobody_reads()) {
            nobody_reads();
            return true;
        }
        if (sent.would_wait()) {
            return true;
        }
        if (sent.error != 0 || sent.bytes == 0) {
            return false;
        }
        unsent_.consume(sent.bytes);
        stream_.forwarded(static_cast<std::uint32_t>(sent.bytes));
        if (unsent_.empty() && !stream_.guest_sends()) {
            socket_.stop_sending();
        }
    }
    return true;
}

void Connection::nobody_reads() {
    stream_.forwarded(static_cast<std::uint32_t>(unsent_.size()));
    unsent_.consume(unsent_.size());
    stream_.host_stops_receiving();
}

void Connection::follow_guest_shutdown() {
    if (!stream_.guest_sends() && unsent_.empty()) {
        socket_.stop_sending();
    }
    if (!stream_.guest_receives()) {
        socket_.stop_receiving();
    }
}

bool Connection::host_changed(std::uint32_t events) {
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        may_read_ = true;
    }
    if ((events & EPOLLHUP) != 0) {
        hung_up_ = true;
        if (!stream_.host_sends()) {
            stream_.host_is_gone();
        }
    }
    return (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) == 0 || flush();
}

void Connection::end_of_input() {
    may_read_ = false;
    if (hung_up_) {
        stream_.host_is_gone();
    } else {
        stream_.host_stops_sending();
    }
}

Connection::Received Connection::receive(const DescriptorChain& chain, std::size_t header_bytes,
                                         std::uint32_t& bytes) {
    const std::size_t most = std::min(stream_.sendable_bytes(), kMaxPayload);
    const Pieces room(chain.writable(), header_bytes, most);
    const Transfer got = socket_.receive(room.get());
    if (got.would_wait()) {
        may_read_ = false;
        return Received::kNothing;
    }
    if (got.error != 0) {
        return Received::kBroken;
    }
    if (got.bytes == 0) {
        end_of_input();
        return Received::kNothing;
    }
    bytes = static_cast<std::uint32_t>(got.bytes);
    stream_.sent(bytes);
    return Received::kData;
}

void Connection::look_without_credit() {
    if (!may_read_ || !stream_.established() || stream_.sendable_bytes() != 0 ||
        !stream_.host_sends()) {
        return;
    }
    std::array<char, 1> byte{};
    const Transfer waiting = socket_.peek(byte);
    if (waiting.would_wait()) {
        may_read_ = false;
    } else if (waiting.error == 0 && waiting.bytes == 0) {
        end_of_input();
    } else if (waiting.error == 0) {
        stream_.want_credit();
    }
}

}  // namespace skiff::virtio::vsock
