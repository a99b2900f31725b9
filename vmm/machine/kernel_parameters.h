// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace skiff::machine {

/// `cmdline` with kernel parameters added as words of their own: at its end, but before " -- ", as
/// what follows that goes to init and not to the kernel (Documentation/admin-guide/
/// kernel-parameters.rst). No parameters, no change.
std::string with_kernel_parameters(std::string_view cmdline, std::string_view parameters);

}  // namespace skiff::machine
