// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/run/command_options.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace skiff::cli {
namespace {

using machine::MachineConfig;
using SerialKind = machine::SerialConfig::Kind;

// Kernel messages of the tested kernel are for a report of its death: all but debug messages.
constexpr unsigned kLogLevel = 7;

/// What makes no sense with a command, or without one.
Result<void> check_company(const ParsedArguments& arguments, bool has_command) {
    for (const char* const name : {"add", "env", "cwd", "root"}) {
        if (!has_command && arguments.has(name)) {
            return Error::user(fmt::format(
                "--{} is for a command, but there is none: end the line with -- COMMAND", name));
        }
    }
    for (const char* const name : {"initrd", "console", "flat"}) {
        if (has_command && arguments.has(name)) {
            return Error::user(fmt::format(
                "--{} and a command exclude each other: skiff makes the guest for it", name));
        }
    }
    return {};
}

Result<std::pair<std::string, std::string>> parse_variable(std::string_view text) {
    const std::size_t equals = text.find('=');
    const std::string name(text.substr(0, equals));
    if (name.empty()) {
        return Error::user(fmt::format("--env: '{}' has no name: write NAME=VALUE or NAME", text));
    }
    if (equals != std::string_view::npos) {
        return std::pair(name, std::string(text.substr(equals + 1)));
    }
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr) {
        return Error::user(
            fmt::format("--env: {} is not set here: write {}=VALUE to give it one", name, name));
    }
    return std::pair(name, std::string(value));
}

Result<void> assign_parts(const ParsedArguments& arguments, bundle::CommandRequest& request) {
    for (const std::string_view text : arguments.all("add")) {
        SKIFF_ASSIGN_OR_RETURN(bundle::Addition addition, parse_addition(text));
        request.additions.push_back(std::move(addition));
    }
    for (const std::string_view text : arguments.all("env")) {
        SKIFF_ASSIGN_OR_RETURN(auto variable, parse_variable(text));
        request.environment.push_back(std::move(variable));
    }
    if (const std::string* const folder = arguments.last("cwd")) {
        if (!folder->starts_with('/')) {
            return Error::user(
                fmt::format("--cwd: '{}' is no path in the guest: begin it with '/'", *folder));
        }
        request.working_folder = *folder;
    }
    if (const std::string* const root = arguments.last("root")) {
        request.root = *root;
    }
    return {};
}

Result<void> assign_terminal(bundle::CommandRequest& request) {
    if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1) {
        return Error::user(
            "--interactive needs a terminal as standard input and output: leave it out to use "
            "pipes and files");
    }
    request.interactive = true;
    winsize size{};
    if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
        request.rows = size.ws_row;
        request.columns = size.ws_col;
    }
    return {};
}

/// A user who has an opinion on what the kernel prints is not overruled.
bool names_log_level(const MachineConfig& config) {
    return (config.extra_cmdline + config.whole_cmdline.value_or("")).find("loglevel") !=
           std::string::npos;
}

/// Where the console is, if the user has no other wish: nowhere, or with -v on standard error.
void assign_console(const ParsedArguments& arguments, MachineConfig& config) {
    if (!arguments.has("serial")) {
        config.serial.kind = arguments.has("verbose") ? SerialKind::kStderr : SerialKind::kNone;
    } else if (config.serial.kind == SerialKind::kStdio) {
        config.serial.kind = SerialKind::kStderr;  // the streams are the command's
    }
}

}  // namespace

Result<bundle::Addition> parse_addition(std::string_view text) {
    const std::size_t colon = text.rfind(":/");
    const bundle::Addition addition{.host_path = std::string(text.substr(0, colon)),
                                    .guest_path = colon == std::string_view::npos
                                                      ? std::string()
                                                      : std::string(text.substr(colon + 1))};
    if (addition.host_path.empty()) {
        return Error::user(
            fmt::format("--add: '{}' names no file: write HOST or HOST:/GUEST", text));
    }
    return addition;
}

Result<std::optional<bundle::CommandRequest>> to_command_request(const ParsedArguments& arguments,
                                                                 MachineConfig& config) {
    const bool is_interactive = arguments.has("interactive");
    const bool has_command = arguments.words().has_value() || is_interactive;
    SKIFF_RETURN_IF_ERROR(check_company(arguments, has_command));
    if (!has_command) {
        return std::optional<bundle::CommandRequest>();
    }
    bundle::CommandRequest request;
    request.words = arguments.words().value_or(std::vector<std::string>());
    if (request.words.empty() && is_interactive) {
        request.words = {"sh"};
    }
    if (request.words.empty() || request.words.front().empty()) {
        return Error::user("no command follows --: write -- COMMAND [ARGUMENT]...");
    }
    SKIFF_RETURN_IF_ERROR(assign_parts(arguments, request));
    if (is_interactive) {
        SKIFF_RETURN_IF_ERROR(assign_terminal(request));
        config.serial.kind = SerialKind::kStdio;
    } else {
        assign_console(arguments, config);
        if (!names_log_level(config)) {
            request.console_log_level = kLogLevel;
        }
    }
    config.command = machine::CommandConfig{.has_terminal = is_interactive};
    if (!arguments.has("grace")) {
        config.grace = std::chrono::milliseconds(0);  // there is nothing in the guest to save
    }
    return std::optional(std::move(request));
}

}  // namespace skiff::cli
