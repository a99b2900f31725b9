// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/host_quirks.h"

namespace skiff::machine {
namespace {

// The pvm backend runs guest supervisor mode in KVM's instruction emulator, which lacks INT3,
// CMPXCHG16B, XSAVE, STAC and more; the guest kernel's patch avoids them when asked to.
constexpr std::string_view kPvmParameter = "emulated_cpl0";

/// Whether the word `name`, or `name=…`, is on the command line.
bool has_parameter(std::string_view cmdline, std::string_view name) {
    std::size_t position = 0;
    while ((position = cmdline.find(name, position)) != std::string_view::npos) {
        const std::size_t end = position + name.size();
        const bool begins_word = position == 0 || cmdline[position - 1] == ' ';
        const bool ends_word = end == cmdline.size() || cmdline[end] == ' ' || cmdline[end] == '=';
        if (begins_word && ends_word) {
            return true;
        }
        position = end;
    }
    return false;
}

}  // namespace

std::string quirk_parameters(kvm::Backend backend) {
    return backend == kvm::Backend::kPvm ? std::string(kPvmParameter) : std::string();
}

std::string with_quirk_parameters(std::string_view cmdline, kvm::Backend backend) {
    std::string result(cmdline);
    const std::string parameters = quirk_parameters(backend);
    if (parameters.empty() || has_parameter(cmdline, parameters)) {
        return result;
    }
    // What follows " -- " goes to init, not to the kernel (Documentation/admin-guide/
    // kernel-parameters.rst), so ours stand before it.
    const std::size_t init_arguments = result.find(" -- ");
    if (init_arguments != std::string::npos) {
        return result.insert(init_arguments, " " + parameters);
    }
    if (!result.empty()) {
        result += ' ';
    }
    return result + parameters;
}

}  // namespace skiff::machine
