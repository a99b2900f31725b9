// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "base/log.h"
#include "vmm/api/serve.h"
#include "vmm/cli/commands.h"
#include "vmm/cli/output.h"
#include "vmm/cli/pack_command.h"
#include "vmm/cli/run_options.h"
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

/// What the API says of the machine: with the names of a configuration file, where there is one.
api::VmDescription describe(const RunOptions& options) {
    api::VmDescription description = api::describe_machine(options.config);
    if (options.file.has_value()) {
        for (std::size_t i = 0; i < options.file->drives.size(); ++i) {
            description.drives[i].drive_id = options.file->drives[i].drive_id;
        }
        for (std::size_t i = 0; i < options.file->nets.size(); ++i) {
            description.nets[i].iface_id = options.file->nets[i].iface_id;
        }
    }
    return description;
}

Result<machine::ExitReason> run(machine::Machine& machine, const RunOptions& options) {
    if (!options.api_socket.has_value()) {
        return machine.run();
    }
    return api::run_with_api(machine, describe(options), {.socket_path = *options.api_socket});
}

}  // namespace

Result<int> run_machine(const RunOptions& options) {
    SKIFF_RETURN_IF_ERROR(log::configure(options.log));
    SKIFF_RETURN_IF_ERROR(make_exit_file(options.exit_file));
    std::unique_ptr<KernelLink> kernel_link;
    if (options.debug_place.has_value() && !options.dry_run) {
        SKIFF_RETURN_IF_ERROR(make_private_folder(*options.debug_place));
    }
    SKIFF_ASSIGN_OR_RETURN(const std::unique_ptr<machine::Machine> machine,
                           machine::Machine::create(options.config));
    if (options.device_tree_file.has_value()) {
        SKIFF_RETURN_IF_ERROR(write_file(*options.device_tree_file, machine->device_tree()));
    }
    if (options.dry_run) {
        std::string description = machine->describe();
        if (!description.ends_with('\n')) {
            description += '\n';
        }
        return print(description);
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
