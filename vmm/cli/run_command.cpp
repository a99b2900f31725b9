// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "base/log.h"
#include "vmm/cli/commands.h"
#include "vmm/cli/output.h"
#include "vmm/cli/run_options.h"
#include "vmm/machine/exit_reason.h"
#include "vmm/machine/machine.h"

namespace skiff::cli {

Result<int> run_machine(const RunOptions& options) {
    SKIFF_RETURN_IF_ERROR(log::configure(options.log));
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
    return machine::exit_status(machine->run());
}

int run_command(const ParsedArguments& arguments) {
    const Result<RunOptions> options = to_run_options(arguments);
    const Result<int> status = options.ok() ? run_machine(*options) : options.error();
    return status.ok() ? *status : report(status.error());
}

}  // namespace skiff::cli
