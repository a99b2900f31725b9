// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "base/log.h"
#include "vmm/api/serve.h"
#include "vmm/cli/commands/commands.h"
#include "vmm/cli/output.h"
#include "vmm/cli/run/effective_config.h"
#include "vmm/cli/run/pack_command.h"
#include "vmm/cli/run/run_options.h"
#include "vmm/machine/exit_report.h"
#include "vmm/machine/machine.h"

namespace skiff::cli {
namespace {

/// Made before the guest runs: a file that cannot be is known at once.
Result<void> make_exit_file(const std::optional<std::string>& path) {
    return path.has_value() ? write_file(*path, {}) : Result<void>();
}

Result<void> write_exit_file(const std::optional<std::string>& path,
                             const machine::ExitReason& reason) {
    if (!path.has_value()) {
        return {};
    }
    const std::string text = machine::exit_report_text(reason);
    return write_file(*path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

/// What the dry run says behind the configuration.
std::string remarks_of(const RunOptions& options, const machine::Machine& machine) {
    std::string remarks = machine.describe();
    if (options.command.has_value()) {
        remarks = "The command behind -- is no part of a configuration.\n" + remarks;
    }
    return remarks;
}

Result<machine::ExitReason> run(machine::Machine& machine, const RunOptions& options) {
    std::optional<api::ApiOptions> api;
    if (options.api_socket.has_value()) {
        api = api::ApiOptions{.socket_path = *options.api_socket};
    } else if (!options.metrics.has_value()) {
        return machine.run();
    }
    return api::run_described(machine, effective_config(options), api);
}

}  // namespace

Result<int> run_machine(const RunOptions& options) {
    SKIFF_RETURN_IF_ERROR(log::configure(options.log));
    SKIFF_RETURN_IF_ERROR(make_exit_file(options.exit_file));
    std::unique_ptr<KernelLink> kernel_link;
    if (options.debug_place.has_value() && !options.dry_run.has_value()) {
        SKIFF_RETURN_IF_ERROR(make_private_folder(*options.debug_place));
    }
    SKIFF_ASSIGN_OR_RETURN(const std::unique_ptr<machine::Machine> machine,
                           machine::Machine::create(options.config));
    if (options.device_tree_file.has_value()) {
        SKIFF_RETURN_IF_ERROR(write_file(*options.device_tree_file, machine->device_tree()));
    }
    if (options.dry_run.has_value()) {
        return print(config_text(effective_config(options), *options.dry_run,
                                 remarks_of(options, *machine)));
    }
    if (log::enabled(log::Level::kDebug)) {
        log::debug("{}", machine->describe());
    }
    if (options.debug_place.has_value()) {
        // Only now: the socket is this machine's, so the name is.
        SKIFF_ASSIGN_OR_RETURN(kernel_link, KernelLink::create(options.debug_place->kernel,
                                                               options.config.kernel_path));
    }
    SKIFF_ASSIGN_OR_RETURN(const machine::ExitReason reason, run(*machine, options));
    SKIFF_RETURN_IF_ERROR(write_exit_file(options.exit_file, reason));
    return machine::exit_status(reason);
}

namespace {

Result<int> pack_and_run(RunOptions& options) {
    SKIFF_RETURN_IF_ERROR(log::configure(options.log));
    SKIFF_RETURN_IF_ERROR(pack_command(options));
    return run_machine(options);
}

}  // namespace

int run_command(const ParsedArguments& arguments) {
    Result<RunOptions> options = to_run_options(arguments);
    const Result<int> status = options.ok() ? pack_and_run(*options) : options.error();
    return status.ok() ? *status : report(status.error());
}

}  // namespace skiff::cli
