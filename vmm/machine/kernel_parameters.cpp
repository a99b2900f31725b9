// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/kernel_parameters.h"

namespace skiff::machine {

std::string with_kernel_parameters(std::string_view cmdline, std::string_view parameters) {
    std::string result(cmdline);
    if (parameters.empty()) {
        return result;
    }
    const std::size_t init_arguments = result.find(" -- ");
    if (init_arguments != std::string::npos) {
        return result.insert(init_arguments, " " + std::string(parameters));
    }
    if (!result.empty()) {
        result += ' ';
    }
    return result.append(parameters);
}

}  // namespace skiff::machine
