// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "base/result.h"
#include "virtio/balloon/balloon_registers.h"
#include "virtio/device.h"

namespace skiff::virtio::balloon {

/// Runs of free page hints (VIRTIO 1.2, 5.5.6.5), of which there is one at a time: who asks for
/// them, and how far the driver is.
///
/// What changes the command id does so inside of DeviceHost::change_config(), or where the
/// transport holds the same lock: configuration accesses, negotiation, reset.
class FreePageHints {
  public:
    /// `host` outlives it.
    explicit FreePageHints(DeviceHost& host) : host_(host) {}

    // Any thread.
    /// Asks the driver for a run. A user error where there is none to ask, or a run is under way.
    Result<void> start();
    /// Ends the run: the driver stops and may use its pages again. A user error where none is.
    Result<void> stop();
    bool is_running() const { return is_run(command_id()); }
    /// What the driver has told in the last run, or so far; repetitions count again.
    std::uint64_t hinted_bytes() const { return hinted_bytes_.load(std::memory_order_relaxed); }
    /// What the configuration space says.
    std::uint32_t command_id() const { return command_id_.load(std::memory_order_acquire); }

    // The transport's lock is held.
    void set_accepted(bool accepted) { accepted_ = accepted; }
    void reset();

    // On the queue's loop.
    /// The driver has told all that it can in the run `command_id`.
    void finish(std::uint32_t command_id);
    void add(std::uint64_t bytes) { hinted_bytes_.fetch_add(bytes, std::memory_order_relaxed); }

  private:
    static constexpr std::uint32_t kFirstRun = VIRTIO_BALLOON_CMD_ID_DONE + 1;
    static bool is_run(std::uint32_t command_id) { return command_id >= kFirstRun; }
    std::uint32_t take_id();

    DeviceHost& host_;
    std::atomic<std::uint32_t> command_id_{VIRTIO_BALLOON_CMD_ID_STOP};
    std::atomic<std::uint64_t> hinted_bytes_{0};
    std::uint32_t next_id_ = kFirstRun;  // guarded by the transport's lock
    bool accepted_ = false;              // guarded by the transport's lock
};

}  // namespace skiff::virtio::balloon
