// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/file.h"
#include "base/log.h"
#include "base/result.h"
#include "vmm/api/config_file.h"
#include "vmm/api/vm_description.h"
#include "vmm/bundle/command_request.h"
#include "vmm/cli/parsed_arguments.h"
#include "vmm/cli/run/named_machine.h"
#include "vmm/machine/machine_config.h"

namespace skiff::cli {

/// What `skiff run` was asked for.
struct RunOptions {
    machine::MachineConfig config;
    log::Options log;
    /// What the machine is there for, where that is one command; not packed yet.
    std::optional<bundle::CommandRequest> command{};
    /// Its root, where that is a disk: what the machine's last disk is.
    std::shared_ptr<const File> root_disk{};
    /// Whether the user has said how much memory the guest has.
    bool memory_given = false;
    /// Build, describe in this form, do not start.
    std::optional<api::ConfigForm> dry_run{};
    /// What the configuration file says, where there is one; it is in `config` already.
    std::optional<api::VmDescription> file{};
    /// What the options say of the machine, the file's and the command line's; in `config` too.
    api::MachineOptions given{};
    /// What the guest may ask for at the metadata service's address; null: there is none.
    std::shared_ptr<api::Mmds> metadata{};
    /// Where the API is served, if it is.
    std::optional<std::string> api_socket{};
    /// Where metrics are appended, if they are.
    std::optional<api::Metrics> metrics{};
    /// Where the device tree is to be written.
    std::optional<std::string> device_tree_file;
    /// What `skiff gdb NAME` finds, with --gdb auto.
    std::optional<DebugPlace> debug_place{};
    /// Where it is to be told how the run ended (machine/exit_report.h).
    std::optional<std::string> exit_file;
};

/// Turns the text of the options into values. Each user error names the option, what was given
/// and what it takes. Ranges that belong to the machine are machine::validate()'s.
Result<RunOptions> to_run_options(const ParsedArguments& arguments);

}  // namespace skiff::cli
