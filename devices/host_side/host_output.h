// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace skiff::devices {

/// Where a guest's output ends up on the host.
class HostOutput {
  public:
    virtual ~HostOutput() = default;

    /// Takes the first bytes of `bytes`, as many as fit, and says how many; never waits for a
    /// reader. Called on vCPU threads and on the event loop's, one call at a time.
    virtual std::size_t write(std::span<const std::uint8_t> bytes) = 0;
};

/// Sees everything the guest prints, in order. Calls are serialised; it must be quick and must not
/// call back.
using OutputObserver = std::function<void(std::span<const std::uint8_t>)>;

}  // namespace skiff::devices
