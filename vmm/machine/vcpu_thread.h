// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <span>

#include "base/guest_memory.h"
#include "base/result.h"
#include "devices/bus/bus.h"
#include "vmm/kvm/vcpu.h"
#include "vmm/machine/exit_counters.h"
#include "vmm/machine/run_gate.h"
#include "vmm/machine/stop_latch.h"

namespace skiff::machine {

class Debugger;
class Tracer;

/// What a vCPU needs to answer its exits; outlives the thread.
struct VcpuContext {
    devices::Bus& ports;
    devices::Bus& mmio;
    StopLatch& latch;
    const GuestMemory& memory;
    RunGate& gate;
    std::span<ExitCounters> exit_counters;  ///< By vCPU.
    Debugger* debugger = nullptr;           ///< None without --gdb.
    Tracer* tracer = nullptr;               ///< None without --trace.
};

/// The thread of one vCPU, named "vcpu N": the exit loop.
///
/// The loop neither allocates, nor blocks, nor logs while the guest runs; it ends when the latch is
/// set, which it sets itself where the guest cannot go on.
class VcpuThread {
  public:
    /// Starts the guest on `vcpu`, which outlives this object.
    static Result<VcpuThread> start(kvm::Vcpu& vcpu, const VcpuContext& context);

    VcpuThread(VcpuThread&& other) noexcept;
    VcpuThread& operator=(VcpuThread&&) = delete;
    /// A thread that was started must have been joined.
    ~VcpuThread();

    /// Makes the loop look at the latch soon. Any thread; the latch is set before.
    void kick();
    void join();

  private:
    struct Start;
    VcpuThread(kvm::Vcpu& vcpu, pthread_t thread)
        : vcpu_(&vcpu), thread_(thread), joinable_(true) {}

    kvm::Vcpu* vcpu_;
    pthread_t thread_;
    bool joinable_;
};

}  // namespace skiff::machine
