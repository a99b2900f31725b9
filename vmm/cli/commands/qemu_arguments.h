// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "vmm/cli/run/run_options.h"

namespace skiff::cli {

/// What a command line of QEMU's asks for.
struct QemuRequest {
    RunOptions options;
    /// "device", "machine", "cpu": a list of what is there was asked for by "help" or "?", in place
    /// of a run.
    std::optional<std::string_view> list;
    bool version = false;
    bool help = false;
};

/// Understands those arguments of QEMU that test scripts use; each as QEMU documents it, with one
/// dash or two. What cannot be honoured is a user error that names the argument and says what to
/// write instead.
Result<QemuRequest> parse_qemu_arguments(std::span<const char* const> arguments);

/// The arguments that are known, a line each, for the help.
std::string describe_qemu_arguments();

/// The names that `-device help` and its like list, a line each.
std::string list_qemu(std::string_view of_what);

}  // namespace skiff::cli
