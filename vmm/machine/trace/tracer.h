// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "vmm/machine/statistics.h"
#include "vmm/machine/trace/device_trace.h"
#include "vmm/machine/trace/exit_trace.h"
#include "vmm/machine/trace/trace_config.h"

namespace skiff::machine {

/// All that --trace takes down of a run, and where it goes at the end.
class Tracer {
  public:
    /// Makes the file, so that a path that cannot be written is known before the guest runs.
    static Result<std::unique_ptr<Tracer>> create(const TraceConfig& config, unsigned cpu_count);

    /// Before the vCPUs start. `loop` and `devices` outlive the tracer.
    Result<void> start(EventLoop& loop, const VirtioDevices& devices);

    /// For the vCPU's thread; null where exits are not traced.
    ExitTrace* exits_of(unsigned vcpu);

    /// Writes the result. Nobody runs the vCPUs any more.
    Result<void> finish(const MachineStatistics& statistics, const devices::Bus& ports,
                        const devices::Bus& mmio);

  private:
    explicit Tracer(const TraceConfig& config) : config_(config) {}

    TraceConfig config_;
    UniqueFd file_;
    ExitTrace::Clock::time_point start_ = ExitTrace::Clock::now();
    std::vector<ExitTrace> vcpus_;
    std::optional<DeviceTrace> devices_;
};

}  // namespace skiff::machine
