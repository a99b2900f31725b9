// SPDX-License-Identifier: Apache-2.0
// What a machine says of itself: what was built, and how it ended.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/units.h"
#include "boot/symbol_file.h"
#include "vmm/machine/death_report.h"
#include "vmm/machine/device_report.h"
#include "vmm/machine/machine.h"
#include "vmm/machine/machine_parts.h"

namespace skiff::machine {
namespace {

std::string_view protocol_name(boot::EntryProtocol protocol) {
    switch (protocol) {
        case boot::EntryProtocol::kPvh:
            return "PVH";
        case boot::EntryProtocol::kLinux64:
            return "64-bit Linux";
        case boot::EntryProtocol::kLinux32:
            return "32-bit Linux";
        case boot::EntryProtocol::kMultiboot:
            return "Multiboot";
        case boot::EntryProtocol::kFlat:
            return "flat image's";
        case boot::EntryProtocol::kAuto:
            break;
    }
    return "unknown";
}

/// Whether who reads the log has seen the console: on the same terminal, or in the same file.
bool console_is_beside_log(const MachineConfig& config) {
    if (config.serial.kind == SerialConfig::Kind::kStderr) {
        return true;
    }
    if (config.serial.kind != SerialConfig::Kind::kStdio) {
        return false;
    }
    struct stat output {};
    struct stat errors {};
    const bool known = ::fstat(STDOUT_FILENO, &output) == 0 && ::fstat(STDERR_FILENO, &errors) == 0;
    return ::isatty(STDOUT_FILENO) == 1 ||
           (known && output.st_dev == errors.st_dev && output.st_ino == errors.st_ino);
}

}  // namespace

std::string Machine::describe() const {
    const Parts& parts = *parts_;
    std::string text = fmt::format("kernel: {}: {}, entered by the {} protocol at {:#x}\n",
                                   parts.config.kernel_path, parts.guest.kernel_description,
                                   protocol_name(parts.guest.protocol), parts.guest.entry.rip);
    if (parts.guest.protocol != boot::EntryProtocol::kFlat) {
        text += fmt::format("command line: {}\n", parts.guest.cmdline);
    }
    text += fmt::format("vCPUs: {}; memory: {}\n", parts.config.cpu_count,
                        format_size(parts.memory.size_bytes()));
    const auto add_range = [&](const GuestRange& range, std::string_view what) {
        text += fmt::format("  {:#014x}..{:#014x}  {}\n", range.start.value(), range.end(), what);
    };
    text += "guest memory:\n";
    for (const GuestMemory::Region& region : parts.memory.regions()) {
        add_range(region.range, "RAM");
    }
    for (const auto& placement : parts.guest.placements) {
        add_range(placement.range,
                  placement.mapped ? placement.name + " (mapped from the file)" : placement.name);
    }
    text += "ports:\n";
    for (const auto& entry : parts.devices->ports().entries()) {
        add_range(entry.range, entry.name);
    }
    text += "MMIO:\n";
    for (const auto& entry : parts.devices->mmio().entries()) {
        add_range(entry.range, entry.name);
    }
    text.pop_back();
    return text;
}

std::string Machine::Parts::symbol_file() const {
    if (config.vmlinux_path.has_value()) {
        return *config.vmlinux_path;
    }
    return guest.kernel.has_value() ? boot::symbol_file_of(*guest.kernel) : config.kernel_path;
}

void Machine::Parts::report(const ExitReason& reason) const {
    if (is_death(reason)) {
        log::error("{}",
                   death_report(reason, {.memory = memory,
                                         .vcpus = *vcpus,
                                         .console = console_watch,
                                         .symbol_file = symbol_file(),
                                         .symbol_offset = guest.symbol_offset,
                                         .console_was_shown = console_is_beside_log(config)}));
    } else {
        log::info("{} (status {})", machine::describe(reason), exit_status(reason));
    }
    if (log::enabled(log::Level::kDebug)) {
        for (const std::string& line : describe_devices(control.statistics())) {
            log::debug("{}", line);
        }
    }
    for (const auto& [bus, what] :
         {std::pair{&devices->ports(), "port"}, std::pair{&devices->mmio(), "MMIO address"}}) {
        for (const auto& unclaimed : bus->unclaimed()) {
            log::debug("{} {:#x}: {} accesses that no device claimed", what, unclaimed.address,
                       unclaimed.count);
        }
        if (bus->unclaimed_total() != 0) {
            log::debug("{} unclaimed {} accesses in all", bus->unclaimed_total(), what);
        }
    }
}

void Machine::Parts::dump_memory() {
    if (!crash_dump) {
        return;
    }
    const auto written = crash_dump->write(memory, *vcpus);
    if (!written.ok()) {
        log::error("{}", written.error().message());
    }
}

void Machine::Parts::write_trace() {
    if (!tracer) {
        return;
    }
    const auto written = tracer->finish(control.statistics(), devices->ports(), devices->mmio());
    if (!written.ok()) {
        log::error("{}", written.error().message());
    }
}

}  // namespace skiff::machine
