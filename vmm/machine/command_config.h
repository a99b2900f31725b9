// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace skiff::machine {

/// The machine is there for one command, which an init of ours in the initrd runs
/// (docs/run-command.md).
struct CommandConfig {
    /// Named ports of the virtio console that the command's streams take.
    static constexpr std::size_t kPorts = 3;

    /// The command has the console as its terminal: no streams of its own.
    bool has_terminal = false;
    /// What the command's streams are connected to; stay the caller's.
    int input_fd = 0;
    int output_fd = 1;
    int error_fd = 2;
    bool operator==(const CommandConfig&) const = default;
};

}  // namespace skiff::machine
