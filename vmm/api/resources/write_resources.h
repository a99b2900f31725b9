// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "vmm/api/vm_description.h"
#include "vmm/machine/machine_control.h"

/// What the API answers, as JSON.
namespace skiff::api {

std::string to_json(const MachineShape& shape);
std::string to_json(const Balloon& balloon);
std::string to_json(const MachineOptions& options);
/// All of it: a configuration file that makes the same microVM.
std::string to_json(const VmDescription& description);

/// `GET /balloon/statistics`.
std::string statistics_json(const machine::BalloonState& state);
/// `GET /balloon/hinting/status`.
std::string hinting_json(const machine::BalloonState& state);

/// `GET /`. `state` is one of Firecracker's words.
std::string instance_json(const VmDescription& description, std::string_view state);
/// `GET /version`.
std::string version_json();

/// The one form of every error: {"fault_message": …} and, where they are known, what was asked for
/// and which field of it is wrong.
std::string fault_json(std::string_view message, std::string_view path, std::string_view field);

}  // namespace skiff::api
