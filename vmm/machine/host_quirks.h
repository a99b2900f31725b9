// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "vmm/kvm/host_probe.h"

namespace skiff::machine {

/// Kernel parameters that a Linux guest needs on this backend, separated by blanks; empty on all
/// but kPvm. A guest kernel that does not know a parameter ignores it.
std::string quirk_parameters(kvm::Backend backend);

/// `cmdline` with the backend's parameters appended. One that is there already, in any form
/// ("name" or "name=value"), is the user's decision and stays as it is. The length limit is the
/// boot protocol's, which the loader checks.
std::string with_quirk_parameters(std::string_view cmdline, kvm::Backend backend);

}  // namespace skiff::machine
