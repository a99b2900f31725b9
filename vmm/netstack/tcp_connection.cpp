// SPDX-License-Identifier: Apache-2.0
#include "vmm/netstack/tcp_connection.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace skiff::netstack {
namespace {

// RFC 9293, 3.7.1: what a client takes that does not say; and what one that says less than makes
// sense gets nevertheless, as from Linux.
constexpr std::uint16_t kDefaultMaxSegment = 536;
constexpr std::uint16_t kLeastMaxSegment = 48;

/// How far `to` is behind `from`: sequence numbers go round (RFC 9293, 3.4).
std::int32_t distance(std::uint32_t from, std::uint32_t to) {
    return static_cast<std::int32_t>(to - from);
}

}  // namespace

TcpConnection::TcpConnection(const TcpSegment& syn, std::uint32_t initial_sequence,
                             std::unique_ptr<StreamHandler> handler, Clock::time_point now)
    : client_(syn.from),
      server_(syn.to),
      handler_(std::move(handler)),
      max_payload_(std::clamp<std::size_t>(syn.max_segment_bytes.value_or(kDefaultMaxSegment),
                                           kLeastMaxSegment, kMaxPayload)),
      receive_next_(syn.sequence + 1),
      send_unacknowledged_(initial_sequence),
      send_next_(initial_sequence),
      send_highest_(initial_sequence),
      send_window_(syn.window),
      active_since_(now) {}

void TcpConnection::receive(const TcpSegment& segment, Clock::time_point now) {
    if (state_ == State::kOver) {
        return;
    }
    client_.mac = segment.from.mac;
    const std::int32_t ahead = distance(receive_next_, segment.sequence);
    if (segment.has(kRst)) {
        // RFC 5961: one that is not where we are may be somebody else's guess.
        if (ahead == 0) {
            end();
            must_acknowledge_ = false;
        } else {
            must_acknowledge_ = true;
        }
        return;
    }
    if (segment.has(kSyn)) {
        const bool is_again = state_ == State::kSynReceived && ahead == -1;
        must_send_syn_ = must_send_syn_ || is_again;
        must_acknowledge_ = must_acknowledge_ || !is_again;
        return;
    }
    if (!segment.has(kAck)) {
        return;
    }
    acknowledge(segment, now);
    if (state_ != State::kEstablished) {
        return;
    }
    const std::uint32_t before = receive_next_;
    take_payload(segment);
    take_fin(segment);
    active_since_ = receive_next_ != before ? now : active_since_;
    // What is new, and what is out of place: so a client learns where we are.
    must_acknowledge_ = must_acknowledge_ || segment.length() != 0 || ahead != 0;
    serve();
    watch_window(now);
}

/// RFC 9293, 3.10.7.4: what the client has got of ours, and how much it takes.
void TcpConnection::acknowledge(const TcpSegment& segment, Clock::time_point now) {
    const std::int32_t newly = distance(send_unacknowledged_, segment.acknowledgment);
    const bool is_impossible = distance(segment.acknowledgment, send_highest_) < 0;
    if (state_ == State::kSynReceived && (newly <= 0 || is_impossible)) {
        reset(now);
        return;
    }
    if (newly < 0 || is_impossible) {
        must_acknowledge_ = must_acknowledge_ || is_impossible;
        return;
    }
    if (send_window_ == 0 && segment.window != 0 && newly == 0) {
        send_next_ = send_unacknowledged_;  // what probed the closed window was thrown away
        resend_at_.reset();
    }
    send_window_ = segment.window;
    may_probe_ = may_probe_ && send_window_ == 0;
    if (newly == 0) {
        return;
    }
    auto bytes = static_cast<std::size_t>(newly);
    if (state_ == State::kSynReceived) {
        state_ = State::kEstablished;
        must_send_syn_ = false;
        --bytes;
    }
    if (bytes > out_.size()) {
        fin_is_acknowledged_ = true;
        bytes = out_.size();
    }
    out_.erase(0, bytes);
    send_unacknowledged_ = segment.acknowledgment;
    if (distance(send_next_, send_unacknowledged_) > 0) {
        send_next_ = send_unacknowledged_;
    }
    active_since_ = now;
    timeouts_ = 0;
    resend_at_.reset();
    if (in_flight() != 0) {
        resend_at_ = now + kFirstTimeout;
    }
    if (fin_is_acknowledged_ && client_has_ended_) {
        end();
    }
}

/// As much as is new, in order, and has room.
void TcpConnection::take_payload(const TcpSegment& segment) {
    const std::int32_t known = distance(segment.sequence, receive_next_);
    if (client_has_ended_ || known < 0 ||
        static_cast<std::size_t>(known) >= segment.payload.size()) {
        return;
    }
    auto fresh = segment.payload.subspan(static_cast<std::size_t>(known));
    fresh = fresh.first(std::min(fresh.size(), kWindow - in_.size()));
    receive_next_ += static_cast<std::uint32_t>(fresh.size());
    if (!ends_) {  // else nobody reads it any more
        in_.append(fresh.begin(), fresh.end());
    }
}

void TcpConnection::take_fin(const TcpSegment& segment) {
    const std::uint32_t fin_at =
        segment.sequence + static_cast<std::uint32_t>(segment.payload.size());
    if (segment.has(kFin) && !client_has_ended_ && fin_at == receive_next_) {
        ++receive_next_;
        client_has_ended_ = true;
        if (fin_is_acknowledged_) {
            end();
        }
    }
}

/// Lets the handler go on, where its last answer has arrived.
void TcpConnection::serve() {
    while (state_ == State::kEstablished && out_.empty() && !ends_ && !in_.empty()) {
        StreamHandler::Step step = handler_->put(in_);
        in_.erase(0, step.used);
        out_ = std::move(step.answer);
        ends_ = step.is_last;
        if (step.used == 0 && out_.empty() && !ends_) {
            ends_ = in_.size() == kWindow;
            break;
        }
    }
    if (client_has_ended_ && out_.empty()) {
        ends_ = true;  // what it has sent is no whole request
    }
    if (ends_) {
        in_.clear();
    }
    must_acknowledge_ = must_acknowledge_ || window() >= told_window_ + kWindow / 2;
}

/// What waits for the client's window to open asks now and then whether it has: the segment that
/// says so may get lost.
void TcpConnection::watch_window(Clock::time_point now) {
    if (!resend_at_.has_value() && in_flight() == 0 && unsent_bytes() != 0 &&
        sendable_bytes() == 0) {
        resend_at_ = now + kFirstTimeout;
    }
}

/// What is still to be said then has to be taken within kMaxIdle.
void TcpConnection::end() {
    state_ = State::kOver;
    must_send_syn_ = false;
    resend_at_.reset();
}

void TcpConnection::reset(Clock::time_point now) {
    end();
    must_reset_ = true;
    must_acknowledge_ = false;
    active_since_ = now;
}

std::size_t TcpConnection::unsent_bytes() const {
    return out_.size() - std::min<std::size_t>(in_flight(), out_.size());
}

/// What the client's window and our bound let us send now.
std::size_t TcpConnection::sendable_bytes() const {
    if (state_ != State::kEstablished) {
        return 0;
    }
    const std::size_t most = std::min<std::size_t>(send_window_, kMaxInFlight);
    const std::size_t room = most - std::min<std::size_t>(in_flight(), most);
    return std::min(
        {unsent_bytes(), may_probe_ ? std::max<std::size_t>(room, 1) : room, max_payload_});
}

bool TcpConnection::can_send_fin() const {
    return state_ == State::kEstablished && ends_ && !fin_is_acknowledged_ &&
           in_flight() == out_.size();
}

std::uint16_t TcpConnection::window() const {
    return static_cast<std::uint16_t>(kWindow - in_.size());
}

bool TcpConnection::has_segment() const {
    return must_reset_ || must_send_syn_ || must_acknowledge_ || sendable_bytes() != 0 ||
           can_send_fin();
}

TcpSegment TcpConnection::next_segment(Clock::time_point now) {
    SKIFF_CHECK(has_segment());
    TcpSegment segment{.from = server_,
                       .to = client_,
                       .sequence = send_next_,
                       .acknowledgment = receive_next_,
                       .flags = kAck,
                       .window = window(),
                       .max_segment_bytes = std::nullopt,
                       .payload = {}};
    if (std::exchange(must_reset_, false)) {
        segment.flags = kRst | kAck;
        return segment;
    }
    if (std::exchange(must_send_syn_, false)) {
        segment.sequence = send_unacknowledged_;
        segment.flags = kSyn | kAck;
        segment.max_segment_bytes = static_cast<std::uint16_t>(kMaxPayload);
    } else if (const std::size_t bytes = sendable_bytes(); bytes != 0) {
        segment.flags |= kPsh;
        segment.payload = {
            reinterpret_cast<const std::uint8_t*>(out_.data()) + (out_.size() - unsent_bytes()),
            bytes};
        may_probe_ = false;
    } else if (can_send_fin()) {
        segment.flags |= kFin;
    }
    must_acknowledge_ = false;
    told_window_ = segment.window;
    if (segment.length() != 0) {
        send_next_ = segment.sequence + segment.length();
        if (distance(send_highest_, send_next_) > 0) {
            send_highest_ = send_next_;
        }
        resend_at_ = now + kFirstTimeout * (1U << timeouts_);
    }
    return segment;
}

TcpConnection::Clock::time_point TcpConnection::deadline() const {
    const Clock::time_point idle = active_since_ + kMaxIdle;
    return resend_at_.has_value() ? std::min(*resend_at_, idle) : idle;
}

void TcpConnection::tick(Clock::time_point now) {
    if (now >= active_since_ + kMaxIdle) {
        if (state_ == State::kOver) {
            must_reset_ = must_acknowledge_ = false;  // nobody has taken it
            return;
        }
        reset(now);
        return;
    }
    if (!resend_at_.has_value() || now < *resend_at_) {
        return;
    }
    resend_at_.reset();
    if (++timeouts_ > kMaxTimeouts) {
        reset(now);
        return;
    }
    // All that was not acknowledged comes again.
    must_send_syn_ = state_ == State::kSynReceived;
    may_probe_ = send_window_ == 0;
    send_next_ = send_unacknowledged_;
}

}  // namespace skiff::netstack
