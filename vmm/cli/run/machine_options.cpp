// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/run/machine_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/suggestion.h"
#include "vmm/api/resources/cpu_config.h"
#include "vmm/cli/tables/command_tables.h"
#include "vmm/cli/values/assign.h"
#include "vmm/cli/values/balloon_option.h"
#include "vmm/cli/values/disk_option.h"
#include "vmm/cli/values/fw_cfg_option.h"
#include "vmm/cli/values/net_option.h"
#include "vmm/cli/values/option_values.h"
#include "vmm/cli/values/port_option.h"
#include "vmm/cli/values/vsock_option.h"
#include "vmm/gdb/address.h"

namespace skiff::cli {
namespace {

constexpr std::uint16_t kDefaultDebugExitPort = 0xf4;

/// Options of `skiff run` that are about the run or the process, that make the machine for one
/// command, or that a section of a configuration stands for.
constexpr std::array<std::string_view, 17> kNotOfTheMachine = {
    "kernel",     "config",   "dump-dtb",     "quiet",     "verbose",    "log-file",
    "log-format", "api-sock", "metrics-path", "exit-file", "metadata",   "dry-run",
    "add",        "env",      "cwd",          "root",      "interactive"};

/// The same text is a path for a Linux, and a module for a Multiboot image.
Result<void> assign_initrds(const ParsedArguments& arguments, machine::MachineConfig& config) {
    for (const std::string_view text : arguments.all("initrd")) {
        Result<boot::ModuleFile> module = parse_module(text);
        if (!module.ok()) {
            return module.error().with_context("--initrd");
        }
        config.modules.push_back(std::move(module).value());
        config.initrd_path = std::string(text);
    }
    return {};
}

Result<void> assign_what_to_boot(const ParsedArguments& arguments, machine::MachineConfig& config) {
    SKIFF_RETURN_IF_ERROR(assign_initrds(arguments, config));
    SKIFF_RETURN_IF_ERROR(assign(arguments, "entry", parse_entry, config.entry));
    SKIFF_RETURN_IF_ERROR(assign(arguments, "flat", parse_flat, config.flat));
    if (const std::string* const whole = arguments.last("cmdline")) {
        config.whole_cmdline = *whole;
    }
    for (const std::string_view words : arguments.all("append")) {
        config.extra_cmdline += fmt::format("{}{}", config.extra_cmdline.empty() ? "" : " ", words);
    }
    config.host_quirks = config.host_quirks && !arguments.has("no-host-quirks");
    return {};
}

Result<void> assign_machine(const ParsedArguments& arguments, machine::MachineConfig& config) {
    SKIFF_RETURN_IF_ERROR(assign(arguments, "name", parse_machine_name, config.name));
    SKIFF_RETURN_IF_ERROR(assign(arguments, "cpus", parse_count, config.cpu_count));
    SKIFF_RETURN_IF_ERROR(
        assign(arguments, "cpu-template", api::cpu_template_by, config.cpu_template));
    SKIFF_RETURN_IF_ERROR(assign(arguments, "memory", parse_memory_size, config.memory_bytes));
    SKIFF_RETURN_IF_ERROR(
        assign(arguments, "memory-backing", parse_memory_backing, config.memory_backing));
    config.acpi = config.acpi && !arguments.has("no-acpi");
    config.device_tree = config.device_tree || arguments.has("fdt");
    SKIFF_RETURN_IF_ERROR(assign(arguments, "balloon", parse_balloon, config.balloon));
    SKIFF_RETURN_IF_ERROR(assign(arguments, "vsock", parse_vsock, config.vsock));
    config.rng = config.rng && !arguments.has("no-rng");
    SKIFF_RETURN_IF_ERROR(assign(arguments, "io-threads", parse_count, config.io_threads));
    SKIFF_RETURN_IF_ERROR(assign(arguments, "io-poll", parse_io_poll, config.io_poll));
    if (const std::string* const port = arguments.last("debug-exit")) {
        if (port->empty()) {
            config.debug_exit_port = kDefaultDebugExitPort;
        } else {
            SKIFF_RETURN_IF_ERROR(
                assign(arguments, "debug-exit", parse_io_port, config.debug_exit_port));
        }
    }
    return {};
}

Result<void> assign_test_devices(const ParsedArguments& arguments, machine::MachineConfig& config) {
    config.testdev = config.testdev || arguments.has("testdev");
    for (const std::string_view text : arguments.all("fw-cfg")) {
        Result<machine::FwCfgFile> file = parse_fw_cfg(text);
        if (!file.ok()) {
            return file.error().with_context("--fw-cfg");
        }
        config.fw_cfg_files.push_back(std::move(file).value());
    }
    return {};
}

Result<void> assign_disks(const ParsedArguments& arguments, machine::MachineConfig& config) {
    for (const std::string_view text : arguments.all("disk")) {
        Result<machine::DiskConfig> disk = parse_disk(text);
        if (!disk.ok()) {
            return disk.error().with_context("--disk");
        }
        config.disks.push_back(std::move(disk).value());
    }
    return {};
}

Result<void> assign_nets(const ParsedArguments& arguments, machine::MachineConfig& config) {
    bool none = false;
    for (const std::string_view text : arguments.all("net")) {
        Result<std::optional<machine::NetworkConfig>> net = parse_net(text);
        if (!net.ok()) {
            return net.error().with_context("--net");
        }
        none = none || !net->has_value();
        if (net->has_value()) {
            config.nets.push_back(std::move(**net));
        }
    }
    if (none && !config.nets.empty()) {
        return Error::user("--net none and another --net exclude each other: leave one out");
    }
    return {};
}

Result<void> assign_console(const ParsedArguments& arguments, machine::MachineConfig& config) {
    SKIFF_RETURN_IF_ERROR(assign(arguments, "console", parse_console, config.console));
    SKIFF_RETURN_IF_ERROR(assign(arguments, "serial", parse_serial, config.serial));
    if (config.console == machine::MachineConfig::Console::kNone) {
        using Kind = machine::SerialConfig::Kind;
        if (arguments.has("serial") && config.serial.kind != Kind::kNone) {
            return Error::user(
                "--console none leaves nothing for --serial to connect: leave one of them out");
        }
        config.serial.kind = Kind::kNone;
    }
    for (const std::string_view text : arguments.all("port")) {
        Result<machine::PortConfig> port = parse_port(text);
        if (!port.ok()) {
            return port.error().with_context("--port");
        }
        config.ports.push_back(std::move(port).value());
    }
    return {};
}

Result<void> assign_gdb(const ParsedArguments& arguments, machine::MachineConfig& config) {
    const std::string* const address = arguments.last("gdb");
    if (address != nullptr && *address != kGdbAuto) {
        SKIFF_RETURN_IF_ERROR(assign(arguments, "gdb", gdb::parse_listen_address, config.gdb));
    }
    config.gdb_wait = config.gdb_wait || arguments.has("gdb-wait");
    return {};
}

Result<void> assign_watching(const ParsedArguments& arguments, machine::MachineConfig& config) {
    SKIFF_RETURN_IF_ERROR(assign(arguments, "fail-on", parse_fail_on, config.fail_on));
    SKIFF_RETURN_IF_ERROR(
        assign(arguments, "silence-timeout", parse_timeout, config.silence_timeout));
    SKIFF_RETURN_IF_ERROR(assign(arguments, "dump-on-crash", parse_path, config.crash_dump_path));
    SKIFF_RETURN_IF_ERROR(assign(arguments, "trace", parse_trace, config.trace));
    SKIFF_RETURN_IF_ERROR(assign(arguments, "vmlinux", parse_path, config.vmlinux_path));
    SKIFF_RETURN_IF_ERROR(assign(arguments, "timeout", parse_timeout, config.timeout));
    return assign(arguments, "grace", parse_seconds, config.grace);
}

Error wrong_option(std::string_view name, std::string_view message) {
    return Error::user(fmt::format("{}: {}", name, message)).with_field(std::string(name));
}

/// The error of a parser, which begins with "--NAME", is about that field.
Error with_option(const Error& error, const api::MachineOptions& options) {
    for (const auto& option : options.options) {
        const std::string_view message = error.message();
        if (message.starts_with("--" + option.name) || message.starts_with(option.name + " ")) {
            return error.with_field(option.name);
        }
    }
    return error;
}

Result<void> check_name(std::string_view name) {
    std::vector<std::string_view> known;
    for (const OptionSpec& option : kRunCommand.options) {
        if (is_machine_option(option.long_name)) {
            known.push_back(option.long_name);
        }
    }
    if (std::find(known.begin(), known.end(), name) != known.end()) {
        return {};
    }
    const auto& options = kRunCommand.options;
    const bool is_option = std::any_of(options.begin(), options.end(),
                                       [&](const auto& spec) { return spec.long_name == name; });
    if (is_option) {
        return wrong_option(name, "has no place in a configuration, only on the command line");
    }
    const std::string_view meant = nearest(name, known);
    return wrong_option(name, meant.empty() ? std::string("skiff run has no such option")
                                            : fmt::format("unknown: did you mean {}?", meant));
}

}  // namespace

bool is_machine_option(std::string_view name) {
    return std::find(kNotOfTheMachine.begin(), kNotOfTheMachine.end(), name) ==
           kNotOfTheMachine.end();
}

Result<void> assign_machine_options(const ParsedArguments& arguments,
                                    machine::MachineConfig& config) {
    SKIFF_RETURN_IF_ERROR(assign_what_to_boot(arguments, config));
    SKIFF_RETURN_IF_ERROR(assign_machine(arguments, config));
    SKIFF_RETURN_IF_ERROR(assign_test_devices(arguments, config));
    SKIFF_RETURN_IF_ERROR(assign_disks(arguments, config));
    SKIFF_RETURN_IF_ERROR(assign_nets(arguments, config));
    SKIFF_RETURN_IF_ERROR(assign_console(arguments, config));
    SKIFF_RETURN_IF_ERROR(assign_gdb(arguments, config));
    return assign_watching(arguments, config);
}

api::MachineOptions given_options(const ParsedArguments& arguments, api::MachineOptions earlier) {
    api::MachineOptions given = std::move(earlier);
    for (const OptionSpec& spec : kRunCommand.options) {
        if (!is_machine_option(spec.long_name) || !arguments.has(spec.long_name)) {
            continue;
        }
        const std::string name(spec.long_name);
        auto& options = given.options;
        auto place = std::find_if(options.begin(), options.end(),
                                  [&](const auto& option) { return option.name == name; });
        if (place == options.end()) {
            place = options.insert(place, {.name = name, .values = {}});
        }
        if (spec.repeatable) {
            for (const std::string_view value : arguments.all(name)) {
                place->values.emplace_back(value);
            }
            continue;
        }
        place->values.clear();
        if (const std::string& value = *arguments.last(name); !value.empty()) {
            place->values.push_back(value);
        }
    }
    return given;
}

Result<void> apply_machine_options(const api::MachineOptions& options,
                                   machine::MachineConfig& config) {
    std::vector<std::string> words;
    for (const auto& [name, values] : options.options) {
        SKIFF_RETURN_IF_ERROR(check_name(name));
        if (name == "gdb" && !values.empty() && values.back() == kGdbAuto) {
            return wrong_option(name, "auto is possible only on the command line");
        }
        if (values.empty()) {
            words.push_back("--" + name);
        }
        for (const std::string& value : values) {
            words.push_back(fmt::format("--{}={}", name, value));
        }
    }
    std::vector<const char*> arguments;
    arguments.reserve(words.size());
    for (const std::string& word : words) {
        arguments.push_back(word.c_str());
    }
    const auto parsed = ParsedArguments::parse(kRunCommand, arguments);
    const Result<void> assigned =
        parsed.ok() ? assign_machine_options(*parsed, config) : Result<void>(parsed.error());
    if (!assigned.ok()) {
        return with_option(assigned.error(), options);
    }
    if (config.gdb_wait && !config.gdb.has_value()) {
        return wrong_option("gdb-wait", "waits for a debugger, but there is no gdb to come to");
    }
    return {};
}

}  // namespace skiff::cli
