// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace skiff::bundle {

/// A file or folder of the host that the guest is to have.
struct Addition {
    std::string host_path;
    std::string guest_path;  ///< Empty: the same path, made absolute.
};

/// A command that a guest is to run, as its user asks for it.
struct CommandRequest {
    /// The program, by a path or by a name that PATH finds, and its arguments.
    std::vector<std::string> words;
    std::vector<Addition> additions;
    /// NAME and VALUE, in their order; they win over the defaults.
    std::vector<std::pair<std::string, std::string>> environment;
    /// Where it runs; empty: the host's working directory, or "/" with a root of its own.
    std::string working_folder;
    /// The tree that it runs in; nothing: only what it needs, from the host's own.
    std::optional<std::string> root;
    /// It gets a terminal instead of three streams.
    bool interactive = false;
    /// The size of that terminal.
    unsigned rows = 0;
    unsigned columns = 0;
    /// Level of the kernel messages that reach its console while the command runs; nothing: as the
    /// kernel's command line says.
    std::optional<unsigned> console_log_level;
};

}  // namespace skiff::bundle
