// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vmm/cli/tables/command_spec.h"

namespace skiff::cli {

extern const CommandSpec kRunCommand;
extern const CommandSpec kTestCommand;
extern const CommandSpec kFirecrackerCommand;
extern const CommandSpec kConfigCommand;
extern const CommandSpec kDoctorCommand;
extern const CommandSpec kInspectCommand;
extern const CommandSpec kQemuCommand;
extern const CommandSpec kGdbCommand;
extern const CommandSpec kCompletionCommand;
extern const CommandSpec kManCommand;

}  // namespace skiff::cli
