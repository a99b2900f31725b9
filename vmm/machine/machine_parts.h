// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/guest_memory.h"
#include "base/unique_fd.h"
#include "boot/virtio_mmio_slot.h"
#include "boot/x86_64/boot_loader.h"
#include "vmm/kvm/host_probe.h"
#include "vmm/kvm/vcpu.h"
#include "vmm/machine/command_session.h"
#include "vmm/machine/console_actions.h"
#include "vmm/machine/console_watch.h"
#include "vmm/machine/debug/debugger.h"
#include "vmm/machine/dump/crash_dump.h"
#include "vmm/machine/event_source.h"
#include "vmm/machine/io_loops.h"
#include "vmm/machine/kernel_check.h"
#include "vmm/machine/lost_memory.h"
#include "vmm/machine/machine.h"
#include "vmm/machine/machine_control.h"
#include "vmm/machine/run_gate.h"
#include "vmm/machine/silence_watch.h"
#include "vmm/machine/stop_controller.h"
#include "vmm/machine/stop_latch.h"
#include "vmm/machine/trace/tracer.h"
#include "vmm/machine/trouble_watch.h"
#include "vmm/machine/vcpu_thread.h"
#include "vmm/machine/virtio_devices.h"
#include "vmm/machine/vm_builder.h"
#include "vmm/machine/x86_64/pc_devices.h"
#include "vmm/machine/x86_64/test_devices.h"

namespace skiff::machine {

/// What a machine is made of; the inside of Machine.
///
/// A member's position is the order of construction; destruction is the reverse.
struct Machine::Parts {
    Parts(MachineConfig machine_config, GuestMemory guest_memory, EventLoop event_loop)
        : config(std::move(machine_config)),
          memory(std::move(guest_memory)),
          loop(std::move(event_loop)) {}

    Result<void> create_devices();
    /// Where the virtio devices are, in the order of their ids: what the guest is told of them.
    std::vector<boot::VirtioMmioSlot> virtio_slots() const;
    Result<void> describe_hardware();
    Result<void> load_guest();
    Result<void> imitate_firmware();
    Result<void> place_boot_processor();
    Result<void> create_stop_controller();
    Result<void> create_debugger();
    /// The files that --trace and --dump-on-crash will fill.
    Result<void> create_files();

    MachineControl::Parts control_parts() {
        return {.config = config,
                .loop = loop,
                .latch = latch,
                .devices = devices,
                .virtio_devices = virtio_devices,
                .gate = gate,
                .stop_controller = stop_controller,
                .memory = memory,
                .exit_counters = exit_counters,
                .started = started};
    }
    Result<void> start_threads(std::vector<VcpuThread>& threads);
    void stop_vcpus(std::vector<VcpuThread>& threads);
    void drop_start_up_code_soon();
    Result<void> watch_for_silence();
    /// What the guest has printed so far, on its console and on ports.
    std::uint64_t output_bytes() const;
    ExitReason final_reason() const;
    bool ended_without_command(const ExitReason& reason) const;
    void report(const ExitReason& reason) const;
    void write_trace();
    void dump_memory();
    /// The file that is asked for the names of the kernel's addresses.
    std::string symbol_file() const;

    MachineConfig config;
    GuestMemory memory;
    LostMemoryReport lost_memory_report{memory};
    std::unique_ptr<VmBuilder> vm_builder;
    EventLoop loop;
    StopLatch latch{loop};
    std::vector<ExitCounters> exit_counters = std::vector<ExitCounters>(config.cpu_count);
    std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
    MachineControl control{control_parts()};
    ConsoleActions console_actions{control_parts()};
    RunGate gate{config.cpu_count, !config.gdb_wait};
    ConsoleWatch console_watch;
    TroubleWatch trouble_watch{loop, console_watch, latch, config.fail_on};
    EventSource event_source{loop, console_watch, control};
    std::optional<SilenceWatch> silence_watch;
    std::unique_ptr<StopController> stop_controller;
    // Beside the buses of `devices`, which lead to them.
    std::unique_ptr<x86_64::TestDevices> test_devices;
    std::unique_ptr<x86_64::PcDevices> devices;
    std::unique_ptr<IoLoops> io_loops;
    std::unique_ptr<VirtioDevices> virtio_devices;
    std::optional<CommandSession> command_session;
    std::optional<std::uint64_t> rsdp_address;
    kvm::Backend backend = kvm::Backend::kOther;
    boot::x86_64::LoadedGuest guest;
    KernelCheck kernel_check;
    std::vector<kvm::Vcpu>* vcpus = nullptr;  ///< The builder's, once it is done.
    std::unique_ptr<Debugger> debugger;
    std::unique_ptr<Tracer> tracer;
    std::unique_ptr<CrashDump> crash_dump;
    UniqueFd start_up_timer;
    EventLoop::Id start_up_timer_id = 0;
};

}  // namespace skiff::machine
