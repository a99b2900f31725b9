// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/machine.h"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "base/executable_pages.h"
#include "base/log.h"
#include "base/timer_fd.h"
#include "boot/acpi/acpi_tables.h"
#include "boot/acpi/virtio_mmio_devices.h"
#include "boot/x86_64/mp_table.h"
#include "vmm/kvm/x86_64/legacy_interrupts.h"
#include "vmm/kvm/x86_64/vcpu_setup.h"
#include "vmm/machine/command_line.h"
#include "vmm/machine/console_tap.h"
#include "vmm/machine/death_report.h"
#include "vmm/machine/machine_parts.h"
#include "vmm/machine/x86_64/memory_layout.h"
#include "vmm/machine/x86_64/virtio_slots.h"

namespace skiff::machine {
namespace {

constexpr std::chrono::milliseconds kStartUpIsOver{100};

kvm::x86_64::InitialState::Mode initial_mode(boot::x86_64::EntryState::Mode mode) {
    using From = boot::x86_64::EntryState::Mode;
    using To = kvm::x86_64::InitialState::Mode;
    switch (mode) {
        case From::kReal16:
            return To::kReal16;
        case From::kProtected32:
            return To::kProtected32;
        case From::kLong64:
            break;
    }
    return To::kLong64;
}

kvm::x86_64::InitialState initial_state(const boot::x86_64::EntryState& entry) {
    return {.mode = initial_mode(entry.mode),
            .code_segment = entry.code_segment,
            .rip = entry.rip,
            .rax = entry.rax,
            .rbx = entry.rbx,
            .rsi = entry.rsi,
            .cr3 = entry.cr3,
            .gdt_base = entry.gdt_base,
            .gdt_limit = entry.gdt_limit};
}

void announce_debugger(const MachineConfig& config, const gdb::ListenAddress& address) {
    log::info("gdb: {}; connect with: gdb {} -ex 'target remote {}'",
              config.gdb_wait ? "the guest waits for a debugger" : "ready for a debugger",
              config.kernel_path, gdb::remote_name(address));
}

}  // namespace

Machine::Machine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Machine::~Machine() = default;

Result<std::unique_ptr<Machine>> Machine::create(const MachineConfig& config) {
    SKIFF_RETURN_IF_ERROR(validate(config));
    SKIFF_ASSIGN_OR_RETURN(auto memory, GuestMemory::create(x86_64::ram_ranges(config.memory_bytes),
                                                            config.memory_backing));
    SKIFF_ASSIGN_OR_RETURN(auto loop, EventLoop::create());
    auto parts = std::make_unique<Parts>(config, std::move(memory), std::move(loop));
    // From here on KVM works on the VM beside us: what needs it comes late (docs/adr/0006).
    SKIFF_ASSIGN_OR_RETURN(parts->vm_builder, VmBuilder::start(parts->memory, config));
    SKIFF_RETURN_IF_ERROR(parts->create_stop_controller());
    SKIFF_RETURN_IF_ERROR(parts->describe_hardware());
    SKIFF_RETURN_IF_ERROR(parts->load_guest());
    SKIFF_RETURN_IF_ERROR(parts->create_devices());
    SKIFF_RETURN_IF_ERROR(parts->imitate_firmware());
    SKIFF_RETURN_IF_ERROR(parts->place_boot_processor());
    SKIFF_RETURN_IF_ERROR(parts->create_debugger());
    SKIFF_RETURN_IF_ERROR(parts->create_files());
    // Only now: a machine that cannot be built is one line of error and nothing else.
    if (!boot::is_bare(parts->guest.protocol)) {
        announce_quirks(parts->config, parts->backend);
    }
    return std::unique_ptr<Machine>(new Machine(std::move(parts)));
}

Result<void> Machine::Parts::create_stop_controller() {
    SKIFF_ASSIGN_OR_RETURN(
        stop_controller,
        StopController::create(
            loop, latch, {.timeout = config.timeout, .grace = config.grace, .ask_guest = [this] {
                              devices->ask_guest_to_stop();
                          }}));
    return {};
}

Result<void> Machine::Parts::create_devices() {
    const auto observe = [this](std::span<const std::uint8_t> bytes) {
        if (config.console_tap != nullptr) {
            config.console_tap->on_output(bytes);
        }
        const ConsoleWatch::News news = console_watch.on_output(bytes);
        trouble_watch.on_news(news);
        event_source.on_news(news);
    };
    SKIFF_ASSIGN_OR_RETURN(const kvm::Vm* const vm, vm_builder->vm());
    SKIFF_ASSIGN_OR_RETURN(devices, x86_64::PcDevices::create(config, {.vm = *vm,
                                                                       .loop = loop,
                                                                       .latch = latch,
                                                                       .console_observer = observe,
                                                                       .menu = console_actions}));
    SKIFF_ASSIGN_OR_RETURN(
        test_devices,
        x86_64::TestDevices::create(config, *vm, memory, devices->ports(), devices->mmio()));
    if (config.pit == MachineConfig::Pit::kDiscardsTicks) {
        SKIFF_RETURN_IF_ERROR(vm->set_pit_reinject(false));
    }
    SKIFF_ASSIGN_OR_RETURN(io_loops, IoLoops::create(loop, config.io_threads, config.io_poll));
    const auto slots = virtio_slots();
    const auto hear_devices = [this](const std::string& device, virtio::DeviceNews news,
                                     std::string_view detail) {
        event_source.on_device(device, news, detail);
    };
    SKIFF_ASSIGN_OR_RETURN(virtio_devices,
                           VirtioDevices::create(config, {.vm = *vm,
                                                          .memory = memory,
                                                          .mmio = devices->mmio(),
                                                          .loops = io_loops->all(),
                                                          .console = devices->console(),
                                                          .slots = slots,
                                                          .observer = hear_devices}));
    if (config.command.has_value()) {
        command_session.emplace(loop, latch, *devices, *virtio_devices,
                                config.command->has_terminal);
        devices->set_command_events(*command_session);
    }
    return {};
}

std::vector<boot::VirtioMmioSlot> Machine::Parts::virtio_slots() const {
    return x86_64::virtio_slots(virtio_device_count(config));
}

/// ACPI where it is wanted and no device tree takes its place, and the MP table for the kernels
/// that have no ACPI.
Result<void> Machine::Parts::describe_hardware() {
    if (config.has_acpi_tables()) {
        boot::acpi::AcpiConfig acpi;
        acpi.cpu_count = config.cpu_count;
        for (auto& device : boot::acpi::virtio_mmio_devices(virtio_slots())) {
            acpi.devices.push_back(std::move(device));
        }
        SKIFF_ASSIGN_OR_RETURN(const GuestAddress rsdp,
                               boot::acpi::write_acpi_tables(memory, acpi));
        rsdp_address = rsdp.value();
    }
    return boot::x86_64::write_mp_table(memory, config.cpu_count);
}

Result<void> Machine::Parts::load_guest() {
    backend = kvm::detect_backend(vm_builder->kvm().fd());
    boot::BootRequest request{.kernel_path = config.kernel_path,
                              .initrd_path = config.initrd_path,
                              .modules = config.modules,
                              .initrd_file = config.initrd_file.get(),
                              .cmdline = build_command_line(config, backend, virtio_slots()),
                              .bare_cmdline = users_command_line(config),
                              .flat = config.flat,
                              .protocol = config.entry,
                              .rsdp_address = rsdp_address,
                              .device_tree = config.device_tree,
                              .virtio_slots = virtio_slots()};
    SKIFF_ASSIGN_OR_RETURN(guest, boot::x86_64::load(memory, request));
    return {};
}

/// For guests that are entered as firmware, or a boot loader behind it, enters them.
Result<void> Machine::Parts::imitate_firmware() {
    if (!guest.expects_firmware) {
        return {};
    }
    SKIFF_ASSIGN_OR_RETURN(const kvm::Vm* const vm, vm_builder->vm());
    SKIFF_RETURN_IF_ERROR(kvm::x86_64::set_firmware_pics(*vm));
    return config.pit == MachineConfig::Pit::kNone ? Result<void>()
                                                   : kvm::x86_64::start_firmware_timer(*vm);
}

/// The other processors wait for INIT and SIPI in their local APICs.
Result<void> Machine::Parts::place_boot_processor() {
    SKIFF_ASSIGN_OR_RETURN(vcpus, vm_builder->vcpus());
    return kvm::x86_64::set_initial_registers(vcpus->front(), initial_state(guest.entry));
}

Result<void> Machine::Parts::create_debugger() {
    if (!config.gdb.has_value()) {
        return {};
    }
    SKIFF_ASSIGN_OR_RETURN(
        debugger,
        Debugger::create(
            vm_builder->kvm(), *config.gdb,
            {.loop = loop, .memory = memory, .vcpus = *vcpus, .gate = gate, .latch = latch}));
    return {};
}

Result<void> Machine::Parts::create_files() {
    if (config.crash_dump_path.has_value()) {
        SKIFF_ASSIGN_OR_RETURN(crash_dump, CrashDump::create(*config.crash_dump_path));
    }
    if (config.trace.has_value()) {
        SKIFF_ASSIGN_OR_RETURN(tracer, Tracer::create(*config.trace, config.cpu_count));
    }
    return {};
}

std::span<const std::uint8_t> Machine::device_tree() const {
    return parts_->guest.device_tree;
}

MachineControl& Machine::control() {
    return parts_->control;
}

const std::shared_ptr<ConsoleTap>& Machine::console_tap() const {
    return parts_->config.console_tap;
}

void Machine::send_events_to(EventSink* sink) {
    parts_->event_source.set_sink(sink);
}

ExitReason Machine::run(const std::function<void()>& started) {
    Parts& parts = *parts_;
    std::vector<VcpuThread> threads;
    parts.devices->console().start();
    parts.virtio_devices->start();
    if (parts.config.console_tap != nullptr) {
        parts.config.console_tap->connect(parts.loop, parts.devices->console());
    }
    if (const auto running = parts.start_threads(threads); !running) {
        parts.latch.stop({.kind = ExitReason::Kind::kHostError,
                          .value = 0,
                          .detail = running.error().message(),
                          .vcpu = {}});
    } else if (started) {
        started();
    }
    if (parts.guest.kernel.has_value()) {
        parts.kernel_check.start(parts.config, *parts.guest.kernel);
    }
    parts.drop_start_up_code_soon();
    parts.loop.run();
    parts.stop_vcpus(threads);
    parts.kernel_check.finish();
    const std::uint64_t undelivered = parts.virtio_devices->deliver_output();
    parts.virtio_devices->stop();
    parts.io_loops->stop();
    if (const auto lost = undelivered + parts.devices->finish_consoles(); lost != 0) {
        log::warning("{} bytes of console output were lost: their reader did not take them", lost);
    }
    if (parts.config.console_tap != nullptr) {
        parts.config.console_tap->disconnect();
    }
    ExitReason reason = parts.final_reason();
    if (parts.debugger) {
        parts.debugger->ended(exit_status(reason));
    }
    parts.report(reason);
    if (is_death(reason)) {
        parts.dump_memory();
    }
    parts.write_trace();
    return reason;
}

Result<void> Machine::Parts::start_threads(std::vector<VcpuThread>& threads) {
    SKIFF_RETURN_IF_ERROR(io_loops->start());
    SKIFF_RETURN_IF_ERROR(watch_for_silence());
    if (tracer) {
        SKIFF_RETURN_IF_ERROR(tracer->start(loop, *virtio_devices));
    }
    const VcpuContext context{.ports = devices->ports(),
                              .mmio = devices->mmio(),
                              .latch = latch,
                              .memory = memory,
                              .gate = gate,
                              .exit_counters = exit_counters,
                              .debugger = debugger.get(),
                              .tracer = tracer.get()};
    threads.reserve(vcpus->size());
    started = std::chrono::steady_clock::now();
    for (kvm::Vcpu& vcpu : *vcpus) {
        SKIFF_ASSIGN_OR_RETURN(VcpuThread thread, VcpuThread::start(vcpu, context));
        threads.push_back(std::move(thread));
    }
    gate.set_kick([&threads](unsigned vcpu) { threads[vcpu].kick(); });
    if (debugger) {
        announce_debugger(config, debugger->address());
    }
    return {};
}

Result<void> Machine::Parts::watch_for_silence() {
    if (!config.silence_timeout.has_value()) {
        return {};
    }
    silence_watch.emplace(
        loop, latch, *config.silence_timeout, [this] { return output_bytes(); },
        [this] { return gate.all_standing(); });
    return silence_watch->start();
}

/// On the loop's thread, which serves the ports.
std::uint64_t Machine::Parts::output_bytes() const {
    std::uint64_t count = console_watch.written();
    if (const auto* const console = virtio_devices->console()) {
        for (const auto& port : console->ports()) {
            count += port->counters().bytes_out.value();
        }
    }
    return count;
}

/// Most of the code that built the machine never runs again. Not at once: that would contend with
/// the guest's first page faults.
void Machine::Parts::drop_start_up_code_soon() {
    auto timer = make_timer(kStartUpIsOver);
    if (!timer) {
        return;
    }
    start_up_timer = std::move(*timer);
    const auto id = loop.add(start_up_timer.get(), EPOLLIN, [this](std::uint32_t) {
        loop.remove(start_up_timer_id);
        drop_executable_pages();
    });
    start_up_timer_id = id ? *id : 0;
}

void Machine::Parts::stop_vcpus(std::vector<VcpuThread>& threads) {
    gate.end();
    // A vCPU may be held inside a write to the serial port.
    devices->release_consoles();
    for (VcpuThread& thread : threads) {
        thread.kick();
    }
    for (VcpuThread& thread : threads) {
        thread.join();
    }
}

/// An orderly end of a guest that had a command to run and has not told of its end.
bool Machine::Parts::ended_without_command(const ExitReason& reason) const {
    return config.command.has_value() &&
           (reason.kind == ExitReason::Kind::kPowerOff || reason.kind == ExitReason::Kind::kReset);
}

/// A panic ends in a reset, a triple fault or nothing at all: the console tells which it was.
ExitReason Machine::Parts::final_reason() const {
    ExitReason reason = latch.reason();
    const bool may_be_panic =
        reason.kind == ExitReason::Kind::kReset || reason.kind == ExitReason::Kind::kTripleFault;
    if (may_be_panic && console_watch.panicked()) {
        reason.kind = ExitReason::Kind::kKernelPanic;
        reason.value = 0;
        reason.detail = console_watch.panic_message();
    } else if (ended_without_command(reason)) {
        reason = {.kind = ExitReason::Kind::kCommandLost,
                  .value = 0,
                  .detail = machine::describe(reason),
                  .vcpu = {}};
    }
    const bool guest_ended = may_be_panic || reason.kind == ExitReason::Kind::kPowerOff ||
                             reason.kind == ExitReason::Kind::kDebugExit;
    // Whatever it did after an oops: with --fail-on, that is what counts.
    return guest_ended ? trouble_watch.failure().value_or(reason) : reason;
}

}  // namespace skiff::machine
