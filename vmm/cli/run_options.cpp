// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/run_options.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

#include "vmm/api/config_file.h"
#include "vmm/api/cpu_config.h"
#include "vmm/api/instance.h"
#include "vmm/cli/balloon_option.h"
#include "vmm/cli/command_options.h"
#include "vmm/cli/disk_option.h"
#include "vmm/cli/fw_cfg_option.h"
#include "vmm/cli/net_option.h"
#include "vmm/cli/option_values.h"
#include "vmm/cli/port_option.h"
#include "vmm/cli/vsock_option.h"
#include "vmm/gdb/address.h"

namespace skiff::cli {
namespace {

constexpr std::uint16_t kDefaultDebugExitPort = 0xf4;

/// Parses an option's value where it was given: nothing where it was not, else the value or the
/// error with the option's name before it.
template <typename T>
Result<std::optional<T>> value_of(const ParsedArguments& arguments, std::string_view name,
                                  Result<T> (*parse)(std::string_view)) {
    const std::string* const text = arguments.last(name);
    if (text == nullptr) {
        return std::optional<T>();
    }
    Result<T> value = parse(*text);
    if (!value.ok()) {
        return value.error().with_context(fmt::format("--{}", name));
    }
    return std::optional<T>(std::move(value).value());
}

/// Overwrites `field` where the option was given.
template <typename Field, typename T>
Result<void> assign(const ParsedArguments& arguments, std::string_view name,
                    Result<T> (*parse)(std::string_view), Field& field) {
    SKIFF_ASSIGN_OR_RETURN(std::optional<T> value, value_of(arguments, name, parse));
    if (value.has_value()) {
        field = std::move(*value);
    }
    return {};
}

Result<void> assign_kernel(const ParsedArguments& arguments, machine::MachineConfig& config) {
    const std::string* const argument = arguments.last("KERNEL");
    const std::string* const option = arguments.last("kernel");
    if (argument != nullptr && option != nullptr) {
        return Error::user(fmt::format(
            "two kernels given, '{}' and --kernel '{}': name one of them", *argument, *option));
    }
    if (argument == nullptr && option == nullptr) {
        return {};  // validate() says what is missing
    }
    const std::string_view name = argument != nullptr ? "KERNEL" : "kernel";
    const Result<std::string> path = parse_path(*arguments.last(name));
    if (!path.ok()) {
        return path.error().with_context(argument != nullptr ? "KERNEL" : "--kernel");
    }
    config.kernel_path = *path;
    return {};
}

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

std::string joined(const std::vector<std::string_view>& words) {
    return fmt::format("{}", fmt::join(words, " "));
}

/// What the file says comes first: options change it.
Result<void> assign_config_file(const ParsedArguments& arguments, RunOptions& options) {
    const std::string* const path = arguments.last("config");
    if (path == nullptr) {
        return {};
    }
    SKIFF_ASSIGN_OR_RETURN(options.file, api::load_config(*path));
    SKIFF_ASSIGN_OR_RETURN(options.config, options.file->machine_config());
    if (options.file->logger.has_value()) {
        options.log = api::log_options(*options.file);
    }
    return {};
}

Result<void> assign_what_to_boot(const ParsedArguments& arguments, machine::MachineConfig& config) {
    SKIFF_RETURN_IF_ERROR(assign_kernel(arguments, config));
    SKIFF_RETURN_IF_ERROR(assign_initrds(arguments, config));
    SKIFF_RETURN_IF_ERROR(assign(arguments, "entry", parse_entry, config.entry));
    SKIFF_RETURN_IF_ERROR(assign(arguments, "flat", parse_flat, config.flat));
    if (const std::string* const whole = arguments.last("cmdline")) {
        config.whole_cmdline = *whole;
    }
    config.extra_cmdline = joined(arguments.all("append"));
    config.host_quirks = !arguments.has("no-host-quirks");
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
    config.acpi = !arguments.has("no-acpi");
    config.device_tree = arguments.has("fdt");
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
    config.testdev = arguments.has("testdev");
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

Result<void> assign_named_gdb(RunOptions& options) {
    if (options.config.name.empty()) {
        return Error::user("--gdb auto goes by the machine's name: give it one with --name");
    }
    SKIFF_ASSIGN_OR_RETURN(options.debug_place, debug_place(options.config.name));
    options.config.gdb = gdb::ListenAddress{.kind = gdb::ListenAddress::Kind::kUnix,
                                            .path = options.debug_place->socket};
    return {};
}

Result<void> assign_gdb(const ParsedArguments& arguments, RunOptions& options) {
    machine::MachineConfig& config = options.config;
    const std::string* const address = arguments.last("gdb");
    if (address != nullptr && *address == "auto") {
        SKIFF_RETURN_IF_ERROR(assign_named_gdb(options));
    } else {
        SKIFF_RETURN_IF_ERROR(assign(arguments, "gdb", gdb::parse_listen_address, config.gdb));
    }
    config.gdb_wait = arguments.has("gdb-wait");
    if (config.gdb_wait && !config.gdb.has_value()) {
        return Error::user("--gdb-wait waits for a debugger, but there is no --gdb to come to");
    }
    return {};
}

Result<void> assign_log(const ParsedArguments& arguments, log::Options& options) {
    if (arguments.has("quiet") && arguments.has("verbose")) {
        return Error::user("--quiet and --verbose exclude each other: give one of them");
    }
    if (arguments.has("quiet")) {
        options.level = log::Level::kWarning;
    } else if (arguments.has("verbose")) {
        options.level = log::Level::kDebug;
    } else if (arguments.words().has_value() && !arguments.has("interactive")) {
        options.level = log::Level::kWarning;  // standard error is the command's
    }
    SKIFF_RETURN_IF_ERROR(assign(arguments, "log-format", parse_log_format, options.format));
    return assign(arguments, "log-file", parse_path, options.file_path);
}

Result<void> assign_dump(const ParsedArguments& arguments, RunOptions& options) {
    SKIFF_RETURN_IF_ERROR(assign(arguments, "dump-dtb", parse_path, options.device_tree_file));
    if (options.device_tree_file.has_value() && !options.config.device_tree) {
        return Error::user("--dump-dtb writes the device tree that --fdt makes: give --fdt too");
    }
    return {};
}

}  // namespace

Result<RunOptions> to_run_options(const ParsedArguments& arguments) {
    RunOptions options;
    SKIFF_RETURN_IF_ERROR(assign_config_file(arguments, options));
    SKIFF_RETURN_IF_ERROR(assign_what_to_boot(arguments, options.config));
    SKIFF_RETURN_IF_ERROR(assign_machine(arguments, options.config));
    SKIFF_RETURN_IF_ERROR(assign_test_devices(arguments, options.config));
    SKIFF_RETURN_IF_ERROR(assign_disks(arguments, options.config));
    SKIFF_RETURN_IF_ERROR(assign_nets(arguments, options.config));
    SKIFF_RETURN_IF_ERROR(assign_console(arguments, options.config));
    SKIFF_RETURN_IF_ERROR(assign(arguments, "fail-on", parse_fail_on, options.config.fail_on));
    SKIFF_RETURN_IF_ERROR(
        assign(arguments, "silence-timeout", parse_timeout, options.config.silence_timeout));
    SKIFF_RETURN_IF_ERROR(
        assign(arguments, "dump-on-crash", parse_path, options.config.crash_dump_path));
    SKIFF_RETURN_IF_ERROR(assign(arguments, "trace", parse_trace, options.config.trace));
    SKIFF_RETURN_IF_ERROR(assign(arguments, "vmlinux", parse_path, options.config.vmlinux_path));
    SKIFF_RETURN_IF_ERROR(assign(arguments, "timeout", parse_timeout, options.config.timeout));
    SKIFF_RETURN_IF_ERROR(assign(arguments, "grace", parse_seconds, options.config.grace));
    SKIFF_RETURN_IF_ERROR(assign_gdb(arguments, options));
    SKIFF_RETURN_IF_ERROR(assign_log(arguments, options.log));
    if (!options.config.name.empty()) {
        options.log.instance_id = options.config.name;
    }
    SKIFF_RETURN_IF_ERROR(assign(arguments, "api-sock", parse_path, options.api_socket));
    options.dry_run = arguments.has("dry-run");
    SKIFF_RETURN_IF_ERROR(assign_dump(arguments, options));
    SKIFF_RETURN_IF_ERROR(assign(arguments, "exit-file", parse_path, options.exit_file));
    options.memory_given = arguments.has("memory");
    SKIFF_ASSIGN_OR_RETURN(options.command, to_command_request(arguments, options.config));
    SKIFF_RETURN_IF_ERROR(machine::validate(options.config));
    return options;
}

}  // namespace skiff::cli
