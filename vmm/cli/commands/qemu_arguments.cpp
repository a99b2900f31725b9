// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/commands/qemu_arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "vmm/cli/values/fw_cfg_option.h"
#include "vmm/cli/values/option_values.h"
#include "vmm/cli/values/settings.h"

namespace skiff::cli {
namespace {

using Value = std::string_view;
using Applied = Result<void>;

constexpr std::uint16_t kQemuDebugExitPort = 0x501;

Error cannot(std::string_view what, std::string_view why) {
    return Error::user(fmt::format("{}: {}", what, why));
}

bool asks_for_list(Value value) {
    return value == "help" || value == "?";
}

template <typename T>
Applied take(Result<T> result, T& to) {
    if (!result.ok()) {
        return result.error();
    }
    to = std::move(result).value();
    return {};
}

Applied set_kernel(Value value, QemuRequest& request) {
    return take(parse_path(value), request.options.config.kernel_path);
}

/// For a Linux a path; for a Multiboot image "FILE WORDS,FILE WORDS", two commas for one.
Applied set_initrd(Value value, QemuRequest& request) {
    machine::MachineConfig& config = request.options.config;
    SKIFF_ASSIGN_OR_RETURN(config.initrd_path, parse_path(value));
    config.modules.clear();
    for (const std::string& part : split_settings(value)) {
        const std::size_t end = std::min(part.find(' '), part.size());
        SKIFF_ASSIGN_OR_RETURN(std::string path, parse_path(part.substr(0, end)));
        config.modules.push_back({std::move(path), part.substr(std::min(end + 1, part.size()))});
    }
    return {};
}

/// The whole line, as QEMU adds nothing to it; what the guest's console needs is the script's.
Applied set_append(Value value, QemuRequest& request) {
    request.options.config.whole_cmdline = std::string(value);
    return {};
}

Applied set_smp(Value value, QemuRequest& request) {
    for (const std::string& part : split_settings(value)) {
        const Setting setting = to_setting(part);
        if (setting.value.has_value() && setting.key != "cpus") {
            return cannot(part, "the guest's CPUs have one core each: write the number alone");
        }
        SKIFF_RETURN_IF_ERROR(take(parse_count(setting.value.value_or(setting.key)),
                                   request.options.config.cpu_count));
    }
    return {};
}

Applied set_memory(Value value, QemuRequest& request) {
    for (const std::string& part : split_settings(value)) {
        const Setting setting = to_setting(part);
        if (setting.value.has_value() && setting.key != "size") {
            return cannot(part, "memory cannot be added to a running guest: write the size alone");
        }
        SKIFF_RETURN_IF_ERROR(take(parse_memory_size(setting.value.value_or(setting.key)),
                                   request.options.config.memory_bytes));
    }
    return {};
}

Applied set_serial(Value value, QemuRequest& request) {
    if (value == "null") {
        value = "none";
    }
    if (value.starts_with("file:")) {
        return take(parse_serial("file=" + std::string(value.substr(5))),
                    request.options.config.serial);
    }
    if (value != "stdio" && value != "none" && value != "pty") {
        return cannot(value, "choose stdio, null, none, pty or file:PATH");
    }
    return take(parse_serial(value), request.options.config.serial);
}

Applied want_none(Value value, QemuRequest& /*request*/) {
    return value == "none" ? Applied() : cannot(value, "there is no such device: write none");
}

Applied ignore(Value /*value*/, QemuRequest& /*request*/) {
    return {};
}

Applied set_nographic(Value /*value*/, QemuRequest& request) {
    request.options.config.serial = {};
    return {};
}

Applied set_no_acpi(Value /*value*/, QemuRequest& request) {
    request.options.config.acpi = false;
    return {};
}

Applied set_accelerator(Value value, QemuRequest& /*request*/) {
    return value == "kvm" ? Applied() : cannot(value, "skiff runs guests by KVM: write kvm");
}

Applied set_machine(Value value, QemuRequest& request) {
    if (asks_for_list(value)) {
        request.list = "machine";
        return {};
    }
    for (const std::string& part : split_settings(value)) {
        const Setting setting = to_setting(part);
        const bool kernel_irqchip =
            setting.key == "kernel-irqchip" || setting.key == "kernel_irqchip";
        if (setting.key == "accel") {
            SKIFF_RETURN_IF_ERROR(set_accelerator(setting.value.value_or(""), request));
        } else if (setting.key == "pit" && setting.value == "off") {
            request.options.config.pit = machine::MachineConfig::Pit::kNone;
        } else if (part != "microvm" && part != "pit=on" && part != "type=microvm" &&
                   !(kernel_irqchip && setting.value == "on")) {
            return cannot(part,
                          "skiff's machine has no PCI bus and KVM's interrupt controllers: write "
                          "microvm, pit=on or off, or leave it out");
        }
    }
    return {};
}

/// What is asked for and is always so: physical addresses as wide as the host's, and features that
/// only this host may have.
bool is_so_anyway(std::string_view setting) {
    return setting == "host-phys-bits" || setting == "host-phys-bits=on" ||
           setting == "migratable=no" || setting == "migratable=off";
}

/// The guest gets the host's CPU, which has what QEMU's models have and more.
Applied set_cpu(Value value, QemuRequest& request) {
    if (asks_for_list(value)) {
        request.list = "cpu";
        return {};
    }
    const std::vector<std::string> parts = split_settings(value);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const bool is_model = i == 0;
        if (!is_model && !parts[i].starts_with('+') && !is_so_anyway(parts[i])) {
            return cannot(parts[i],
                          "the guest gets the host's CPU as it is: only models and "
                          "+features can be asked for");
        }
    }
    return {};
}

Applied add_debug_exit(std::span<const std::string> settings, QemuRequest& request) {
    request.options.config.debug_exit_port = kQemuDebugExitPort;
    for (const std::string& part : settings) {
        const Setting setting = to_setting(part);
        if (setting.key == "iobase") {
            SKIFF_ASSIGN_OR_RETURN(request.options.config.debug_exit_port,
                                   parse_io_port(setting.value.value_or("")));
        } else if (setting.key != "iosize") {
            return cannot(part, "isa-debug-exit takes iobase=PORT and iosize=BYTES");
        }
    }
    return {};
}

Applied add_device(Value value, QemuRequest& request) {
    if (asks_for_list(value)) {
        request.list = "device";
        return {};
    }
    const std::vector<std::string> parts = split_settings(value);
    const auto settings = std::span(parts).subspan(1);
    if (parts.front() == "isa-debug-exit") {
        return add_debug_exit(settings, request);
    }
    if (parts.front() == "pc-testdev" && settings.empty()) {
        request.options.config.testdev = true;
        return {};
    }
    return cannot(value,
                  "skiff qemu has isa-debug-exit and pc-testdev; other devices have options "
                  "of skiff run");
}

Applied set_global(Value value, QemuRequest& request) {
    if (value != "kvm-pit.lost_tick_policy=discard" && value != "kvm-pit.lost_tick_policy=delay") {
        return cannot(value, "of these, only kvm-pit.lost_tick_policy=discard or delay is there");
    }
    using Pit = machine::MachineConfig::Pit;
    Pit& pit = request.options.config.pit;
    if (pit != Pit::kNone) {
        pit = value.ends_with("delay") ? Pit::kMakesUpTicks : Pit::kDiscardsTicks;
    }
    return {};
}

/// QEMU takes `NAME,…` for `name=NAME,…`.
Applied add_fw_cfg(Value value, QemuRequest& request) {
    const bool has_key = value.starts_with("name=");
    SKIFF_ASSIGN_OR_RETURN(
        auto file, parse_fw_cfg(has_key ? std::string(value) : "name=" + std::string(value)));
    request.options.config.fw_cfg_files.push_back(std::move(file));
    return {};
}

struct QemuArgument {
    std::string_view name;
    std::string_view value;  ///< As the help shows it; empty for a flag.
    Applied (*apply)(Value value, QemuRequest& request);
    std::string_view help;
};

constexpr std::array kArguments = {
    QemuArgument{"kernel", "FILE", set_kernel, "the kernel, Multiboot image or bzImage"},
    QemuArgument{"initrd", "FILE", set_initrd,
                 "its initrd, or Multiboot modules: \"FILE WORDS,FILE\""},
    QemuArgument{"append", "WORDS", set_append, "its command line"},
    QemuArgument{"smp", "COUNT", set_smp, "CPUs"},
    QemuArgument{"m", "SIZE", set_memory, "memory; a number alone counts MiB"},
    QemuArgument{"serial", "TO", set_serial, "stdio, null, none, pty or file:PATH"},
    QemuArgument{"device", "DEVICE", add_device,
                 "isa-debug-exit[,iobase=PORT][,iosize=BYTES] or pc-testdev"},
    QemuArgument{"fw_cfg", "FILE", add_fw_cfg, "[name=]NAME,file=PATH or [name=]NAME,string=TEXT"},
    QemuArgument{"machine", "SETTINGS", set_machine, "accel=kvm, microvm, pit=on or off"},
    QemuArgument{"M", "SETTINGS", set_machine, "the same"},
    QemuArgument{"accel", "NAME", set_accelerator, "kvm"},
    QemuArgument{"enable-kvm", "", ignore, "always so"},
    QemuArgument{"cpu", "MODEL", set_cpu, "any model: the guest gets the host's"},
    QemuArgument{"global", "PROPERTY", set_global, "kvm-pit.lost_tick_policy=discard or delay"},
    QemuArgument{"nographic", "", set_nographic, "the serial port on the terminal"},
    QemuArgument{"display", "none", want_none, "always so"},
    QemuArgument{"vnc", "none", want_none, "always so"},
    QemuArgument{"vga", "none", want_none, "always so"},
    QemuArgument{"monitor", "none", want_none, "always so"},
    QemuArgument{"net", "none", want_none, "always so"},
    QemuArgument{"nic", "none", want_none, "always so"},
    QemuArgument{"nodefaults", "", ignore, "always so"},
    QemuArgument{"no-user-config", "", ignore, "always so"},
    QemuArgument{"no-reboot", "", ignore, "always so: a reset ends the run"},
    QemuArgument{"no-acpi", "", set_no_acpi, "no ACPI tables"},
    QemuArgument{"name", "NAME", ignore, "without effect"},
};

bool has_argument(std::span<const char* const> arguments, std::string_view name) {
    return std::any_of(arguments.begin(), arguments.end(), [&](std::string_view argument) {
        return argument == name || (argument.starts_with("--") && argument.substr(1) == name);
    });
}

Result<QemuRequest> initial_request(std::span<const char* const> arguments) {
    QemuRequest request;
    request.options.log.level = log::Level::kWarning;
    machine::MachineConfig& config = request.options.config;
    config.rng = false;
    config.fw_cfg = true;
    config.memory_bytes = 128 * kMiB;
    // A signal ends QEMU at once.
    config.grace = std::chrono::milliseconds(0);
    config.whole_cmdline = "";
    // QEMU's own default serial port is in its window.
    if (has_argument(arguments, "-nodefaults")) {
        SKIFF_RETURN_IF_ERROR(take(parse_serial("none"), config.serial));
    }
    return request;
}

}  // namespace

Result<QemuRequest> parse_qemu_arguments(std::span<const char* const> arguments) {
    SKIFF_ASSIGN_OR_RETURN(QemuRequest request, initial_request(arguments));
    request.help = has_argument(arguments, "-help") || has_argument(arguments, "-h");
    request.version = has_argument(arguments, "-version");
    if (request.help || request.version) {
        return request;
    }
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view given = arguments[i];
        std::string_view name = given;
        name.remove_prefix(std::min<std::size_t>(name.find_first_not_of('-'), 2));
        const auto known =
            std::find_if(kArguments.begin(), kArguments.end(),
                         [&](const QemuArgument& argument) { return argument.name == name; });
        if (!given.starts_with('-') || known == kArguments.end()) {
            return cannot(given, given.starts_with('-')
                                     ? "this argument of QEMU's is not there; 'skiff qemu -help' "
                                       "lists those that are"
                                     : "disk images are not taken; a kernel goes behind -kernel");
        }
        std::string_view value;
        if (!known->value.empty()) {
            if (i + 1 == arguments.size()) {
                return cannot(given, fmt::format("needs a value: {}", known->help));
            }
            value = arguments[++i];
        }
        const Applied applied = known->apply(value, request);
        if (!applied.ok()) {
            return applied.error().with_context(std::string(given));
        }
    }
    if (!request.list.has_value()) {
        SKIFF_RETURN_IF_ERROR(machine::validate(request.options.config));
    }
    return request;
}

std::string describe_qemu_arguments() {
    std::string text;
    for (const QemuArgument& argument : kArguments) {
        const std::string form = fmt::format("-{}{}{}", argument.name,
                                             argument.value.empty() ? "" : " ", argument.value);
        text += fmt::format("  {:<22} {}\n", form, argument.help);
    }
    return text;
}

std::string list_qemu(std::string_view of_what) {
    if (of_what == "device") {
        return "name \"isa-debug-exit\", bus ISA\nname \"pc-testdev\", bus ISA\n";
    }
    return of_what == "machine" ? "microvm    skiff's machine (default)\n"
                                : "host       the host's CPU\nmax        the same\n";
}

}  // namespace skiff::cli
