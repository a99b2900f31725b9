// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "base/event_loop.h"
#include "base/result.h"

namespace skiff::virtio::net {

/// What became of one frame.
struct Transfer {
    std::size_t bytes = 0;
    /// An errno value; 0 where the frame was transferred.
    int error = 0;
};

/// Told on the loop that watches, each time that the link goes or comes back. After it came back
/// the descriptors of all pairs may stand for something new.
using LinkObserver = std::function<void(bool up)>;

/// Where a network device's frames go to and come from: something with a queue of its own, and a
/// descriptor to wait on, for each queue pair.
///
/// receive() and send() of a pair come on that pair's loop; the rest comes when no queue runs, or
/// on the control queue's loop.
class NetBackend {
  public:
    virtual ~NetBackend() = default;

    /// The interface's name, for messages.
    virtual const std::string& name() const = 0;
    virtual unsigned queue_pairs() const = 0;
    /// Which of kGuestOffloads and kHostOffloads it can do. None without a header.
    virtual std::uint64_t offloads() const = 0;
    /// Whether each frame has a NetHeader before it (12 bytes, the last two without meaning).
    virtual bool has_header() const = 0;
    /// The largest frame that is not cut into segments, without its NetHeader.
    virtual std::size_t usual_frame_bytes() const = 0;

    /// Becomes readable when something came; receive() may have more frames after that, which it
    /// gives until EAGAIN. Not shared between pairs.
    virtual int poll_fd(unsigned pair) const = 0;
    /// Takes the next frame, and as much of it as there is room for: `bytes` is never more than the
    /// room. EAGAIN where there is none.
    virtual Transfer receive(unsigned pair, std::span<const iovec> room) = 0;
    /// `told` is called on any thread when receive() begins to have frames of which no descriptor
    /// tells. Before any loop runs.
    virtual void on_held_frames(const std::function<void()>& /*told*/) {}
    /// Sends one frame. The content is a guest's, the header included. Never waits. After EAGAIN
    /// of a pair that has a room_fd(), the same frame must come next, or abandon_unsent().
    virtual Transfer send(unsigned pair, std::span<const iovec> frame) = 0;
    /// Becomes writable when send() can go on after EAGAIN; not the number that poll_fd() gives.
    /// -1: what finds no room is lost, as on a network card.
    virtual int room_fd(unsigned /*pair*/) const { return -1; }
    /// The frame that found no room does not come again.
    virtual void abandon_unsent(unsigned /*pair*/) {}

    /// Which of kGuestOffloads frames may come with.
    virtual void set_guest_offloads(std::uint64_t features) = 0;
    /// Only the first `count` pairs get frames, 1 to queue_pairs(); the others' descriptors may
    /// then show errors. False where that failed.
    virtual bool set_active_pairs(unsigned count) = 0;
    /// Throws away what came when nobody listened.
    virtual void discard_waiting() = 0;
    /// Whether it has ended for good (a removed interface).
    virtual bool is_gone() const = 0;

    /// Before watch_link().
    virtual bool link_is_up() const { return true; }
    /// Tells of the link from now on. Before the loop runs, on the thread that ends us too.
    virtual Result<void> watch_link(EventLoop& /*loop*/, const LinkObserver& /*changed*/) {
        return {};
    }
};

}  // namespace skiff::virtio::net
