// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/guest_memory.h"
#include "base/result.h"
#include "virtio/balloon/balloon_device.h"
#include "vmm/machine/machine_config.h"
#include "vmm/machine/resident_memory.h"
#include "vmm/machine/run_gate.h"
#include "vmm/machine/statistics.h"
#include "vmm/machine/stop_controller.h"
#include "vmm/machine/stop_latch.h"
#include "vmm/machine/virtio_devices.h"
#include "vmm/machine/x86_64/pc_devices.h"

namespace skiff::machine {

/// The balloon at one moment.
struct BalloonState {
    std::uint64_t target_bytes = 0;
    /// How large the guest's driver says that it is.
    std::uint64_t actual_bytes = 0;
    /// What the guest told of its memory last, by tag (virtio/balloon/balloon_registers.h), and how
    /// long ago; without `stats=` or before the first answer there may be none.
    virtio::balloon::BalloonStatistics statistics;
    std::optional<std::chrono::milliseconds> statistics_age;
    /// Free page hints: the command id that the guest sees (VIRTIO 1.2, 5.5.6.5), whether a run is
    /// under way, and what the last one told.
    std::uint32_t hint_command = 0;
    bool is_hinting = false;
    std::uint64_t hinted_bytes = 0;
};

/// What can be asked of a machine while it runs: one typed interface for the console's menu and
/// others that control it.
///
/// Any thread, as long as the machine exists, and before it runs too (what the guest is asked for
/// then, it finds at its start). No call waits for the guest. Errors are the user's: one line that
/// says why not.
class MachineControl {
  public:
    /// The machine's parts; some are made later, but before the first call.
    struct Parts {
        const MachineConfig& config;
        EventLoop& loop;
        StopLatch& latch;
        const std::unique_ptr<x86_64::PcDevices>& devices;
        const std::unique_ptr<VirtioDevices>& virtio_devices;
        RunGate& gate;
        const std::unique_ptr<StopController>& stop_controller;
        const GuestMemory& memory;
        const std::vector<ExitCounters>& exit_counters;
        const std::chrono::steady_clock::time_point& started;
    };
    explicit MachineControl(const Parts& parts) : parts_(parts) {}

    /// Ends the run at once, as a quit of the user's.
    void quit();
    /// Asks the guest to shut down, as SIGTERM does, but without a deadline.
    void press_power_button();
    /// The same, and stops it hard when it takes longer than the deadline (StopController).
    void shut_down(std::optional<std::chrono::milliseconds> deadline);
    /// Three keys on the keyboard: Linux reboots on them.
    void press_ctrl_alt_del();

    /// Holds all vCPUs; when it returns, they stand, or wait for a slow console. A user error where
    /// a debugger decides about them.
    Result<void> pause();
    Result<void> resume();

    /// New limits for a disk or a network device, by its place in the configuration.
    void set_disk_limits(std::size_t disk, const RateLimits& limits);
    void set_net_limits_in(std::size_t net, const RateLimits& limits);
    void set_net_limits_out(std::size_t net, const RateLimits& limits);
    /// Puts another file behind a disk.
    Result<void> replace_disk(std::size_t disk, const std::string& path);

    /// What the machine has done so far.
    MachineStatistics statistics() const;
    /// How much memory it takes; nothing where the host does not tell. Takes up to milliseconds.
    std::optional<ResidentMemory> resident_memory() const;

    /// Nothing where the machine has no balloon.
    std::optional<BalloonState> balloon() const;
    /// Asks the guest for a balloon of this size, rounded down to pages.
    Result<void> set_balloon_size(std::uint64_t size_bytes);
    /// How often the guest is asked for its statistics; only where it is asked at all.
    Result<void> set_balloon_statistics_interval(std::chrono::milliseconds interval);
    /// Begins a run of free page hints (VIRTIO 1.2, 5.5.6.5), or ends it before the guest does.
    Result<void> start_free_page_hints();
    Result<void> stop_free_page_hints();

  private:
    Result<virtio::balloon::BalloonDevice*> balloon_device() const;

    const Parts parts_;
};

}  // namespace skiff::machine
