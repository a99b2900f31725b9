// SPDX-License-Identifier: Apache-2.0
#include "devices/host_side/host_stream.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace skiff::devices {
namespace {

constexpr std::size_t kReadSize = 4096;
constexpr std::uint32_t kErrorOnly = 0;  // epoll always reports EPOLLERR and EPOLLHUP

}  // namespace

HostStream::HostStream(EventLoop& loop, HostSideEvents& events, std::optional<HostDescriptor> input,
                       std::optional<HostDescriptor> output, Options options)
    : loop_(loop),
      events_(events),
      input_(std::move(input)),
      output_(std::move(output)),
      options_(std::move(options)) {
    if (output_) {
        auto added =
            loop_.add(output_->fd(), kErrorOnly, [this](std::uint32_t ready) { on_output(ready); });
        if (added.ok()) {  // not so for regular files, which are never busy
            output_id_ = *added;
        }
    }
}

HostStream::~HostStream() {
    unwatch_input();
    unwatch_output();
}

std::size_t HostStream::write(std::span<const std::uint8_t> bytes) {
    if (output_ && !output_gone()) {
        const HostDescriptor::Transfer transfer = output_->write(bytes);
        switch (transfer.status) {
            case HostDescriptor::Status::kDone:
                return transfer.bytes;
            case HostDescriptor::Status::kBusy:
                return 0;
            case HostDescriptor::Status::kClosed:
                note_output_error(End::kClosed, transfer.errno_value);
                break;
            default:
                note_output_error(End::kFailed, transfer.errno_value);
                break;
        }
        events_.wake();
    }
    if (options_.after_end == AfterEnd::kKeep) {
        return 0;
    }
    lost_.fetch_add(bytes.size(), std::memory_order_relaxed);
    return bytes.size();
}

void HostStream::note_output_error(End end, int errno_value) {
    output_errno_.store(errno_value, std::memory_order_relaxed);
    output_closed_.store(end == End::kClosed, std::memory_order_relaxed);
    output_gone_.store(true, std::memory_order_release);
}

void HostStream::report_output_error() {
    if (!output_gone() || std::exchange(output_error_reported_, true)) {
        return;
    }
    unwatch_output();
    // A copy, because the owner may end this stream there.
    const auto output_ended = options_.output_ended;
    output_ended(output_closed_.load() ? End::kClosed : End::kFailed, output_errno_.load());
}

void HostStream::on_output(std::uint32_t ready) {
    if ((ready & (EPOLLERR | EPOLLHUP)) != 0) {
        note_output_error(End::kClosed, EPIPE);
        if (options_.after_end == AfterEnd::kDrop) {
            events_.drain_output();  // what waits is counted as lost
        }
        report_output_error();
        return;
    }
    if (!events_.drain_output() && output_id_) {
        loop_.modify(*output_id_, kErrorOnly);
    }
}

void HostStream::watch_output() {
    if (output_id_) {
        loop_.modify(*output_id_, EPOLLOUT);
    }
}

void HostStream::unwatch_output() {
    if (output_id_) {
        loop_.remove(*std::exchange(output_id_, std::nullopt));
    }
}

bool HostStream::wait_for_output(int timeout_ms) const {
    return !output_ || output_gone() ||
           output_->wait(HostDescriptor::Direction::kWrite, timeout_ms);
}

void HostStream::watch_input() {
    if (!input_ || input_over_ || input_id_) {
        return;
    }
    if (pollable_input_) {
        auto added =
            loop_.add(input_->fd(), EPOLLIN, [this](std::uint32_t ready) { on_input(ready); });
        if (added.ok()) {
            input_id_ = *added;
            return;
        }
        pollable_input_ = false;  // a regular file or /dev/null: what it has is there at once
    }
    read_what_fits();
}

void HostStream::unwatch_input() {
    if (input_id_) {
        loop_.remove(*std::exchange(input_id_, std::nullopt));
    }
}

void HostStream::on_input(std::uint32_t ready) {
    if (options_.may_read && (ready & (EPOLLERR | EPOLLHUP)) == 0) {
        if (!options_.may_read()) {
            if (!std::exchange(reading_suspended_, true)) {
                loop_.modify(*input_id_, EPOLLIN | EPOLLET);
            }
            return;
        }
        if (std::exchange(reading_suspended_, false)) {
            loop_.modify(*input_id_, EPOLLIN);
        }
    }
    read_what_fits();
}

void HostStream::read_what_fits() {
    std::array<std::uint8_t, kReadSize> bytes;
    while (true) {
        const std::size_t room = std::min(events_.input_room(), bytes.size());
        if (room == 0) {
            // Not only paused: epoll would report a hang-up for ever.
            unwatch_input();
            return;
        }
        const auto transfer = input_->read(std::span(bytes).first(room));
        switch (transfer.status) {
            case HostDescriptor::Status::kDone:
                events_.input(std::span(bytes).first(transfer.bytes));
                break;
            case HostDescriptor::Status::kBusy:
                return;
            case HostDescriptor::Status::kEnd:
                end_input(End::kEndOfFile);
                return;
            case HostDescriptor::Status::kClosed:
                end_input(End::kClosed);
                return;
            case HostDescriptor::Status::kFailed:
                end_input(End::kFailed);
                return;
        }
    }
}

void HostStream::end_input(End end) {
    input_over_ = true;
    unwatch_input();
    const auto input_ended = options_.input_ended;
    input_ended(end);
}

}  // namespace skiff::devices
