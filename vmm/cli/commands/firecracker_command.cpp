// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <optional>
#include <utility>

#include "base/log.h"
#include "vmm/api/config_file.h"
#include "vmm/api/instance.h"
#include "vmm/api/resources/parse_resources.h"
#include "vmm/api/serve.h"
#include "vmm/api/version.h"
#include "vmm/cli/commands/commands.h"
#include "vmm/cli/help/help.h"
#include "vmm/cli/output.h"
#include "vmm/cli/run/machine_options.h"
#include "vmm/cli/tables/command_tables.h"
#include "vmm/cli/values/option_values.h"
#include "vmm/cli/version.h"
#include "vmm/machine/console_tap.h"

namespace skiff::cli {
namespace {

constexpr const char* kDefaultSocket = "/run/firecracker.socket";
constexpr std::size_t kMaxPayload = 1ULL << 30;

/// What the command line says of the microVM and its log.
struct FirecrackerOptions {
    api::ServeOptions serve;
    bool has_api = true;
    bool starts_at_once = false;
};

Result<std::uint64_t> number_of(const ParsedArguments& arguments, std::string_view name,
                                std::uint64_t otherwise) {
    const std::string* const text = arguments.last(name);
    if (text == nullptr) {
        return otherwise;
    }
    std::uint64_t number = 0;
    const char* const end = text->data() + text->size();
    const auto [rest, failure] = std::from_chars(text->data(), end, number);
    if (failure != std::errc() || rest != end) {
        return Error::user(fmt::format("--{}: '{}' is no whole number", name, *text));
    }
    return number;
}

Result<void> refuse_filters(const ParsedArguments& arguments) {
    if (arguments.has("seccomp-filter")) {
        return Error::user(
            "--seccomp-filter: filters of the user's are not supported yet: leave it out");
    }
    return {};
}

Result<api::Logger> logger_of(const ParsedArguments& arguments) {
    api::Logger logger;
    if (const std::string* const path = arguments.last("log-path")) {
        logger.log_path = *path;
    }
    if (const std::string* const level = arguments.last("level")) {
        const auto parsed = api::parse_log_level(*level);
        if (!parsed.ok()) {
            return parsed.error().with_context("--level");
        }
        logger.level = *parsed;
    }
    if (arguments.has("show-level")) {
        logger.show_level = true;
    }
    if (const std::string* const format = arguments.last("log-format")) {
        const auto parsed = parse_log_format(*format);
        if (!parsed.ok()) {
            return parsed.error().with_context("--log-format");
        }
        logger.log_format =
            *parsed == log::Format::kJson ? api::Logger::Format::kJson : api::Logger::Format::kText;
    }
    return logger;
}

/// What the launcher tells of itself.
Result<api::LaunchTimes> launch_times(const ParsedArguments& arguments) {
    api::LaunchTimes launch;
    for (const auto& [name, field] : {std::pair{"start-time-us", &launch.start_us},
                                      std::pair{"start-time-cpu-us", &launch.start_cpu_us},
                                      std::pair{"parent-cpu-time-us", &launch.parent_cpu_us}}) {
        if (arguments.has(name)) {
            SKIFF_ASSIGN_OR_RETURN(*field, number_of(arguments, name, 0));
        }
    }
    return launch;
}

/// The file's logger where it says something, else the command line's.
void complete(std::optional<api::Logger>& logger, const api::Logger& otherwise) {
    if (!logger.has_value()) {
        logger = otherwise;
        return;
    }
    logger->level = logger->level.has_value() ? logger->level : otherwise.level;
    logger->log_path = logger->log_path.has_value() ? logger->log_path : otherwise.log_path;
    logger->show_level = logger->show_level.has_value() ? logger->show_level : otherwise.show_level;
    logger->log_format = logger->log_format.has_value() ? logger->log_format : otherwise.log_format;
}

Result<void> fill_metadata(const ParsedArguments& arguments, const api::ServeOptions& serve) {
    SKIFF_ASSIGN_OR_RETURN(const std::uint64_t limit,
                           number_of(arguments, "mmds-size-limit", serve.api.max_payload_bytes));
    serve.description.mmds->set_max_bytes(limit);
    const std::string* const file = arguments.last("metadata");
    return file == nullptr ? Result<void>() : api::load_metadata(*file, *serve.description.mmds);
}

Result<FirecrackerOptions> to_options(const ParsedArguments& arguments) {
    FirecrackerOptions options;
    SKIFF_RETURN_IF_ERROR(refuse_filters(arguments));
    SKIFF_ASSIGN_OR_RETURN(options.serve.api.launch, launch_times(arguments));
    api::VmDescription& description = options.serve.description;
    description.apply_options = apply_machine_options;
    if (const std::string* const file = arguments.last("config-file")) {
        SKIFF_ASSIGN_OR_RETURN(description, api::load_config(*file, apply_machine_options));
        options.starts_at_once = true;
    }
    if (const std::string* const id = arguments.last("id")) {
        const auto parsed = api::parse_instance_id(*id);
        if (!parsed.ok()) {
            return parsed.error().with_context("--id");
        }
        description.id = *parsed;
    }
    SKIFF_ASSIGN_OR_RETURN(const api::Logger logger, logger_of(arguments));
    complete(description.logger, logger);
    if (const std::string* const path = arguments.last("metrics-path")) {
        description.metrics = description.metrics.value_or(api::Metrics{.metrics_path = *path});
    }
    options.serve.boot_timer = arguments.has("boot-timer");
    options.has_api = !arguments.has("no-api");
    if (!options.has_api && !options.starts_at_once) {
        return Error::user("--no-api leaves nothing that starts a microVM: give --config-file too");
    }
    const std::string* const socket = arguments.last("api-sock");
    options.serve.api.socket_path = socket != nullptr ? *socket : kDefaultSocket;
    SKIFF_ASSIGN_OR_RETURN(
        options.serve.api.max_payload_bytes,
        number_of(arguments, "http-api-max-payload-size", options.serve.api.max_payload_bytes));
    if (options.serve.api.max_payload_bytes > kMaxPayload) {
        return Error::user(
            fmt::format("--http-api-max-payload-size takes at most {}", kMaxPayload));
    }
    SKIFF_RETURN_IF_ERROR(fill_metadata(arguments, options.serve));
    return options;
}

Result<machine::ExitReason> start_at_once(const FirecrackerOptions& options) {
    const api::ServeOptions& serve = options.serve;
    SKIFF_ASSIGN_OR_RETURN(machine::MachineConfig config, serve.description.machine_config());
    if (serve.boot_timer) {
        config.boot_timer = devices::BootTimer::Start::now();
    }
    if (options.has_api) {
        config.console_tap = std::make_shared<machine::ConsoleTap>();
    }
    SKIFF_ASSIGN_OR_RETURN(const std::unique_ptr<machine::Machine> machine,
                           machine::Machine::create(config));
    if (!options.has_api && !serve.description.metrics.has_value()) {
        return machine->run();
    }
    return api::run_described(*machine, serve.description,
                              options.has_api ? std::optional(serve.api) : std::nullopt);
}

Result<int> run(const ParsedArguments& arguments) {
    SKIFF_ASSIGN_OR_RETURN(const FirecrackerOptions options, to_options(arguments));
    SKIFF_RETURN_IF_ERROR(log::configure(api::log_options(options.serve.description)));
    SKIFF_ASSIGN_OR_RETURN(const machine::ExitReason reason, options.starts_at_once
                                                                 ? start_at_once(options)
                                                                 : api::serve(options.serve));
    return machine::exit_status(reason);
}

}  // namespace

int firecracker_command(const ParsedArguments& arguments) {
    if (arguments.has("version")) {
        return print(
            fmt::format("Firecracker v{}\n\nskiff {}\n", api::kFirecrackerVersion, kVersion));
    }
    const Result<int> status = run(arguments);
    return status.ok() ? *status : report(status.error());
}

int config_command(const ParsedArguments& arguments) {
    if (*arguments.last("ACTION") != "check") {
        return report(Error::user(fmt::format("unknown action '{}': skiff config check FILE",
                                              *arguments.last("ACTION"))));
    }
    const std::string& path = *arguments.last("FILE");
    const auto description = api::load_config(path, apply_machine_options);
    const auto config = description.ok() ? description->machine_config()
                                         : Result<machine::MachineConfig>(description.error());
    if (!config.ok()) {
        return report(config.error());
    }
    return print(fmt::format("{}: fine\n", path));
}

}  // namespace skiff::cli
