// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/run/run_options.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "vmm/api/config_file.h"
#include "vmm/api/instance.h"
#include "vmm/cli/run/command_options.h"
#include "vmm/cli/run/machine_options.h"
#include "vmm/cli/values/assign.h"
#include "vmm/cli/values/metadata_option.h"
#include "vmm/cli/values/option_values.h"
#include "vmm/machine/console_tap.h"

namespace skiff::cli {
namespace {

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

/// What the file says comes first: options change it.
Result<void> assign_config_file(const ParsedArguments& arguments, RunOptions& options) {
    const std::string* const path = arguments.last("config");
    if (path == nullptr) {
        return {};
    }
    SKIFF_ASSIGN_OR_RETURN(options.file, api::load_config(*path, apply_machine_options));
    SKIFF_ASSIGN_OR_RETURN(options.config, options.file->machine_config());
    options.metrics = options.file->metrics;
    if (options.file->logger.has_value()) {
        options.log = api::log_options(*options.file);
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

Result<void> assign_debugger(const ParsedArguments& arguments, RunOptions& options) {
    const std::string* const address = arguments.last("gdb");
    if (address != nullptr && *address == kGdbAuto) {
        SKIFF_RETURN_IF_ERROR(assign_named_gdb(options));
    }
    if (options.config.gdb_wait && !options.config.gdb.has_value()) {
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

Result<void> assign_dry_run(const ParsedArguments& arguments, RunOptions& options) {
    const std::string* const form = arguments.last("dry-run");
    if (form == nullptr) {
        return {};
    }
    if (!form->empty() && *form != "toml" && *form != "json") {
        return Error::user(
            fmt::format("--dry-run: '{}' is no form of a configuration: toml or json", *form));
    }
    options.dry_run = *form == "json" ? api::ConfigForm::kJson : api::ConfigForm::kToml;
    return {};
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
    SKIFF_RETURN_IF_ERROR(assign_kernel(arguments, options.config));
    SKIFF_RETURN_IF_ERROR(assign_machine_options(arguments, options.config));
    const bool has_file_options = options.file.has_value() && options.file->options.has_value();
    options.given =
        given_options(arguments, has_file_options ? *options.file->options : api::MachineOptions{});
    SKIFF_RETURN_IF_ERROR(assign_metadata(arguments, options));
    SKIFF_RETURN_IF_ERROR(assign_debugger(arguments, options));
    SKIFF_RETURN_IF_ERROR(assign_log(arguments, options.log));
    if (!options.config.name.empty()) {
        options.log.instance_id = options.config.name;
    }
    SKIFF_RETURN_IF_ERROR(assign(arguments, "api-sock", parse_path, options.api_socket));
    if (options.api_socket.has_value()) {
        options.config.console_tap = std::make_shared<machine::ConsoleTap>();
    }
    SKIFF_RETURN_IF_ERROR(assign_dry_run(arguments, options));
    std::optional<std::string> metrics_path;
    SKIFF_RETURN_IF_ERROR(assign(arguments, "metrics-path", parse_path, metrics_path));
    if (metrics_path.has_value()) {
        options.metrics = options.metrics.value_or(api::Metrics{});
        options.metrics->metrics_path = *metrics_path;
    }
    SKIFF_RETURN_IF_ERROR(assign_dump(arguments, options));
    SKIFF_RETURN_IF_ERROR(assign(arguments, "exit-file", parse_path, options.exit_file));
    options.memory_given = arguments.has("memory");
    SKIFF_ASSIGN_OR_RETURN(options.command, to_command_request(arguments, options.config));
    SKIFF_RETURN_IF_ERROR(machine::validate(options.config));
    return options;
}

}  // namespace skiff::cli
