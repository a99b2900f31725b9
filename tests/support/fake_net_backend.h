// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/unique_fd.h"
#include "tests/support/driver_queue.h"
#include "virtio/net/net_backend.h"
#include "virtio/net/net_registers.h"

namespace skiff::test {

/// Frames by datagram sockets in place of a TAP: what a device sends comes out at the other end,
/// what is put in there is received.
class FakeNetBackend final : public virtio::net::NetBackend {
  public:
    /// What tests look at and steer; outlives the backend.
    struct Control {
        bool has_header = true;
        std::uint64_t offloads = virtio::net::kGuestOffloads | virtio::net::kHostOffloads;
        unsigned pairs = 1;
        bool gone = false;
        int send_error = 0;
        unsigned receive_calls = 0;
        unsigned discards = 0;
        unsigned active_pairs = 0;
        std::uint64_t guest_offloads = UINT64_MAX;
        std::vector<UniqueFd> other_ends = {};
        std::vector<int> own_ends = {};
        /// So many frames of zeros come before what was put in, and no descriptor tells of them.
        unsigned held_frames = 0;
        bool link_up = true;
        virtio::net::LinkObserver link_changed = {};
        /// What room_fd() gives, for the first pair.
        int room_fd = -1;
        unsigned abandoned = 0;

        void put(const Bytes& frame, unsigned pair = 0) {
            SKIFF_CHECK(::send(other_ends.at(pair).get(), frame.data(), frame.size(), 0) ==
                        static_cast<ssize_t>(frame.size()));
        }
        /// Empty where there is none.
        Bytes take(unsigned pair = 0) {
            Bytes frame(80 * 1024);
            const auto size =
                ::recv(other_ends.at(pair).get(), frame.data(), frame.size(), MSG_DONTWAIT);
            frame.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
            return frame;
        }
    };

    explicit FakeNetBackend(Control& control) : control_(control) {
        control_.other_ends.clear();
        control_.own_ends.clear();
        for (unsigned i = 0; i < control_.pairs; ++i) {
            std::array<int, 2> ends{};
            SKIFF_CHECK(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                                     ends.data()) == 0);
            own_ends_.emplace_back(ends[0]);
            control_.own_ends.push_back(ends[0]);
            control_.other_ends.emplace_back(ends[1]);
            const int room = 1 << 20;
            for (const int end : ends) {
                ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
            }
        }
    }

    const std::string& name() const override { return name_; }
    unsigned queue_pairs() const override { return control_.pairs; }
    std::uint64_t offloads() const override { return control_.offloads; }
    bool has_header() const override { return control_.has_header; }
    std::size_t usual_frame_bytes() const override { return 1518; }
    int poll_fd(unsigned pair) const override { return own_ends_.at(pair).get(); }

    virtio::net::Transfer receive(unsigned pair, std::span<const iovec> room) override {
        ++control_.receive_calls;
        if (control_.gone || pair >= control_.active_pairs) {
            return {.bytes = 0, .error = EBADFD};
        }
        if (control_.held_frames != 0) {
            --control_.held_frames;
            return {.bytes = 60, .error = 0};
        }
        const auto size =
            ::readv(own_ends_.at(pair).get(), room.data(), static_cast<int>(room.size()));
        return result(size);
    }
    virtio::net::Transfer send(unsigned pair, std::span<const iovec> frame) override {
        if (control_.send_error != 0) {
            return {.bytes = 0, .error = control_.send_error};
        }
        return result(
            ::writev(own_ends_.at(pair).get(), frame.data(), static_cast<int>(frame.size())));
    }
    int room_fd(unsigned pair) const override { return pair == 0 ? control_.room_fd : -1; }
    void abandon_unsent(unsigned /*pair*/) override { ++control_.abandoned; }
    bool link_is_up() const override { return control_.link_up; }
    Result<void> watch_link(EventLoop& /*loop*/,
                            const virtio::net::LinkObserver& changed) override {
        control_.link_changed = changed;
        return {};
    }
    void set_guest_offloads(std::uint64_t features) override { control_.guest_offloads = features; }
    bool set_active_pairs(unsigned count) override {
        control_.active_pairs = count;
        return true;
    }
    void discard_waiting() override {
        ++control_.discards;
        for (const UniqueFd& end : own_ends_) {
            std::array<char, 1> byte{};
            while (::recv(end.get(), byte.data(), byte.size(), 0) >= 0) {
            }
        }
    }
    bool is_gone() const override { return control_.gone; }

  private:
    static virtio::net::Transfer result(ssize_t size) {
        if (size < 0) {
            return {.bytes = 0, .error = errno};
        }
        return {.bytes = static_cast<std::size_t>(size), .error = 0};
    }

    Control& control_;
    std::string name_ = "fake0";
    std::vector<UniqueFd> own_ends_;
};

}  // namespace skiff::test
