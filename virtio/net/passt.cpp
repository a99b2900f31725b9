// SPDX-License-Identifier: Apache-2.0
#include "virtio/net/passt.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/log.h"

namespace skiff::virtio::net {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStartLimit{10'000};  // it takes 0.03 s
constexpr milliseconds kFirstDelay{100};
constexpr milliseconds kLongestDelay{10'000};
constexpr milliseconds kLook{10};
constexpr unsigned kMaxWaitingFrames = 4096;

/// Puts `to` behind the number of `at`, which stays the same.
bool replace(UniqueFd& at, int to) {
    if (!at.valid()) {
        at.reset(::fcntl(to, F_DUPFD_CLOEXEC, 0));
        return at.valid();
    }
    return ::dup3(to, at.get(), O_CLOEXEC) >= 0;
}

}  // namespace

Passt::Passt(const NetOptions& options, const MacAddress& mac)
    : options_(options),
      mac_(mac),
      mtu_(options.mtu.value_or(1500)),
      delay_(kFirstDelay),
      self_(std::make_shared<Passt*>(this)) {}

Passt::~Passt() {
    forget_process();
}

Result<std::unique_ptr<NetBackend>> Passt::open(const NetOptions& options, const MacAddress& mac) {
    std::unique_ptr<Passt> passt(new Passt(options, mac));
    auto process = PasstProcess::start(options, mac);
    if (!process.ok()) {
        return process.error().with_context("net user");
    }
    passt->process_.emplace(std::move(process).value());
    passt->started_ = std::chrono::steady_clock::now();
    auto ready = passt->process_->wait_until_ready(kStartLimit);
    if (ready.ok()) {
        ready = passt->connect(*passt->process_);
    }
    if (!ready.ok()) {
        return ready.error().with_context("net user");
    }
    return std::unique_ptr<NetBackend>(std::move(passt));
}

Result<void> Passt::connect(const PasstProcess& process) {
    const std::lock_guard lock(mutex_);
    if (!replace(receive_socket_, process.socket()) || !replace(send_socket_, process.socket())) {
        return Error::host(errno, "cannot use the socket of passt");
    }
    reader_.reset();
    writer_.reset();
    connected_ = true;
    return {};
}

Transfer Passt::receive(unsigned /*pair*/, std::span<const iovec> room) {
    {
        const std::lock_guard lock(mutex_);
        const Transfer got = reader_.receive(receive_socket_.get(), room);
        if (got.error != EPROTO) {
            return got;
        }
        ::shutdown(receive_socket_.get(), SHUT_RDWR);
        reader_.reset();
    }
    if (loop_ != nullptr) {
        loop_->post([self = std::weak_ptr(self_)] {
            if (const auto passt = self.lock()) {
                (*passt)->give_up("passt sent a length that no frame has");
            }
        });
    }
    return {.bytes = 0, .error = EPIPE};
}

Transfer Passt::send(unsigned /*pair*/, std::span<const iovec> frame) {
    const std::lock_guard lock(mutex_);
    return writer_.send(send_socket_.get(), frame);
}

void Passt::abandon_unsent(unsigned /*pair*/) {
    const std::lock_guard lock(mutex_);
    writer_.abandon();
}

void Passt::discard_waiting() {
    std::array<std::uint8_t, 64> start{};  // the rest of a frame goes with it
    const iovec room{.iov_base = start.data(), .iov_len = start.size()};
    for (unsigned i = 0; i < kMaxWaitingFrames && receive(0, {&room, 1}).error == 0; ++i) {
    }
}

Result<void> Passt::watch_link(EventLoop& loop, const LinkObserver& changed) {
    loop_ = &loop;
    link_changed_ = changed;
    start_timer_.emplace(loop, [this] { restart(); });
    ready_timer_.emplace(loop, [this] { look_whether_ready(); });
    return watch_process();
}

Result<void> Passt::watch_process() {
    SKIFF_ASSIGN_OR_RETURN(
        end_watch_, loop_->add(process_->exit_fd(), EPOLLIN, [this](std::uint32_t) { on_end(); }));
    SKIFF_ASSIGN_OR_RETURN(output_watch_,
                           loop_->add(process_->output_fd(), EPOLLIN, [this](std::uint32_t events) {
                               process_->read_output();
                               if ((events & EPOLLHUP) != 0) {
                                   loop_->remove(std::exchange(output_watch_, 0));
                               }
                           }));
    return {};
}

void Passt::forget_process() {
    for (EventLoop::Id* const watch : {&end_watch_, &output_watch_}) {
        if (*watch != 0) {
            loop_->remove(std::exchange(*watch, 0));
        }
    }
    process_.reset();
}

void Passt::on_end() {
    const auto end = process_->take_end();
    if (end.has_value()) {
        try_later(*end);
    }
}

void Passt::give_up(const std::string& what) {
    if (process_.has_value()) {
        try_later(what);
    }
}

/// What cannot go on now is tried again.
void Passt::try_later(const std::string& what) {
    forget_process();
    ready_timer_->stop();
    if (std::chrono::steady_clock::now() - started_ >= kLongestDelay) {
        delay_ = kFirstDelay;
    }
    log::warning("net user: {}; {} in {:.1f} s", what,
                 connected_ ? "the guest's link is down; it is started again" : "next try",
                 static_cast<double>(delay_.count()) / 1000);
    if (std::exchange(connected_, false)) {
        link_changed_(false);
    }
    if (!start_timer_->start(delay_)) {
        log::error("net user: the host has no timer left: passt is not started again");
    }
    delay_ = std::min(2 * delay_, kLongestDelay);
}

void Passt::restart() {
    started_ = std::chrono::steady_clock::now();
    auto process = PasstProcess::start(options_, mac_);
    if (!process.ok()) {
        try_later(process.error().message());
        return;
    }
    process_.emplace(std::move(process).value());
    if (const auto watched = watch_process(); !watched.ok()) {
        try_later(watched.error().message());
        return;
    }
    look_whether_ready();
}

void Passt::look_whether_ready() {
    if (!process_->is_ready()) {
        if (std::chrono::steady_clock::now() - started_ > kStartLimit ||
            !ready_timer_->start(kLook)) {
            try_later("passt does not serve");
        }
        return;
    }
    if (const auto connection = connect(*process_); !connection.ok()) {
        try_later(connection.error().message());
        return;
    }
    log::info("net user: passt runs again: the guest's link is up");
    link_changed_(true);
}

}  // namespace skiff::virtio::net
