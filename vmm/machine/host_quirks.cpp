// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/host_quirks.h"

#include "vmm/machine/kernel_parameters.h"

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
    const std::string parameters = quirk_parameters(backend);
    if (parameters.empty() || has_parameter(cmdline, parameters)) {
        return std::string(cmdline);
    }
    return with_kernel_parameters(cmdline, parameters);
}

}  // namespace skiff::machine
