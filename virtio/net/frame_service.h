// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

namespace skiff::virtio::net {

using Ipv4Address = std::array<std::uint8_t, 4>;

/// Something of skiff's own that the guest reaches by an IPv4 address and TCP, as if it were on the
/// network (ServingBackend puts it there). One caller at a time; nothing of it waits.
class FrameService {
  public:
    using Clock = std::chrono::steady_clock;
    /// The largest frame that give() writes.
    static constexpr std::size_t kMaxGivenBytes = 1514;

    virtual ~FrameService() = default;

    virtual Ipv4Address address() const = 0;

    /// Takes a frame of the guest's, who made all of it: ARP or TCP for our address, as far as that
    /// could be seen. `checksum_is_whole`: false where the driver left TCP's to be completed.
    virtual void take(std::span<const std::uint8_t> frame, bool checksum_is_whole,
                      Clock::time_point now) = 0;
    /// Whether give() has something.
    virtual bool has_frame() const = 0;
    /// Writes the next frame for the guest; how many bytes it has, 0: there is none.
    virtual std::size_t give(std::span<std::uint8_t, kMaxGivenBytes> room,
                             Clock::time_point now) = 0;

    /// When tick() is due, whatever happens or not until then; nothing while nobody talks to us.
    virtual std::optional<Clock::time_point> deadline() const = 0;
    virtual void tick(Clock::time_point now) = 0;

    /// The guest's driver starts anew: everything that was under way is forgotten.
    virtual void reset() = 0;
};

/// Makes a service, where there is to be one. It is no setting of the user's, and equal to any
/// other.
struct FrameServiceMaker {
    std::function<std::unique_ptr<FrameService>()> make;

    bool operator==(const FrameServiceMaker& /*other*/) const { return true; }
};

}  // namespace skiff::virtio::net
