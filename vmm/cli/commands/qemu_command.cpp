// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/file.h"
#include "vmm/cli/commands/commands.h"
#include "vmm/cli/commands/qemu_arguments.h"
#include "vmm/cli/output.h"
#include "vmm/cli/version.h"

namespace skiff::cli {
namespace {

Result<int> run(std::span<const char* const> arguments) {
    SKIFF_ASSIGN_OR_RETURN(const QemuRequest request, parse_qemu_arguments(arguments));
    if (request.help) {
        return print(fmt::format(
            "usage: skiff qemu ARGUMENTS\n\n"
            "It takes these arguments of QEMU's, for scripts that run test images:\n\n{}\n"
            "It prints and ends as skiff run does (skiff run --help); -device help lists "
            "devices.\n",
            describe_qemu_arguments()));
    }
    if (request.version) {
        return print(fmt::format("skiff {} in place of QEMU\n", kVersion));
    }
    if (request.list.has_value()) {
        return print(list_qemu(*request.list));
    }
    // kvm-unit-tests asks for a file that cannot be there, and wants to read QEMU's words.
    if (const auto kernel = File::open(request.options.config.kernel_path); !kernel.ok()) {
        return kernel.error().with_context("could not open kernel");
    }
    return run_machine(request.options);
}

}  // namespace

int qemu_command(std::span<const char* const> arguments) {
    const Result<int> status = run(arguments);
    return status.ok() ? *status : report(status.error());
}

}  // namespace skiff::cli
