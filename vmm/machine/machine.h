// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/result.h"
#include "vmm/machine/exit_reason.h"
#include "vmm/machine/machine_config.h"

namespace skiff::machine {

class ConsoleTap;
class EventSink;
class MachineControl;

/// A virtual machine: built from a configuration, run once, then gone.
class Machine {
  public:
    /// Builds everything up to, but without, the first guest instruction.
    static Result<std::unique_ptr<Machine>> create(const MachineConfig& config);
    ~Machine();

    /// What was loaded where, how it is entered and with which command line: several lines, for
    /// --dry-run and -v.
    std::string describe() const;

    /// The device tree that the guest gets; empty without one.
    std::span<const std::uint8_t> device_tree() const;

    /// What can be asked of it while it runs, from any thread; as long as the machine exists.
    MachineControl& control();

    /// The configuration's.
    const std::shared_ptr<ConsoleTap>& console_tap() const;

    /// Tells `sink` what happens in it, or nobody any more (null). Before run(), or after it.
    void send_events_to(EventSink* sink);

    /// Runs the guest until it stops, is stopped by a signal, by the console or by the timeout.
    /// Call once, on the main thread.
    /// `started` is called on that thread, once the vCPUs run.
    ExitReason run(const std::function<void()>& started = {});

  private:
    struct Parts;
    explicit Machine(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace skiff::machine
