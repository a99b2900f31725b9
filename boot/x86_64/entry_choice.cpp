// SPDX-License-Identifier: Apache-2.0
#include "boot/x86_64/entry_choice.h"

#include <fmt/format.h>

namespace skiff::boot::x86_64 {

std::string protocol_name(EntryProtocol protocol) {
    switch (protocol) {
        case EntryProtocol::kAuto:
            return "auto";
        case EntryProtocol::kPvh:
            return "pvh";
        case EntryProtocol::kLinux64:
            return "linux64";
        case EntryProtocol::kLinux32:
            return "linux32";
        case EntryProtocol::kMultiboot:
            return "multiboot";
        case EntryProtocol::kFlat:
            return "flat";
    }
    return "unknown";
}

std::vector<EntryChoice> entry_choices(const KernelImage& kernel) {
    std::vector<EntryChoice> choices;
    if (kernel.elf.has_value()) {
        if (kernel.elf->pvh_entry.has_value()) {
            choices.push_back({EntryProtocol::kPvh, EntryForm::kElf});
        }
        if (kernel.multiboot.has_value()) {
            choices.push_back({EntryProtocol::kMultiboot, EntryForm::kElf});
            if (kernel.multiboot->image.has_value()) {
                return choices;
            }
        }
        choices.push_back(
            {kernel.elf->is_64_bit ? EntryProtocol::kLinux64 : EntryProtocol::kLinux32,
             EntryForm::kElf});
    } else if (kernel.bzimage.has_value() && kernel.bzimage->has_64_bit_entry) {
        choices.push_back({EntryProtocol::kLinux64, EntryForm::kAsIs});
    }
    if (choices.empty() || choices.back().protocol != EntryProtocol::kLinux32) {
        choices.push_back({EntryProtocol::kLinux32,
                           kernel.bzimage.has_value() ? EntryForm::kAsIs : EntryForm::kElf});
    }
    return choices;
}

Result<std::vector<EntryChoice>> allowed_entries(const KernelImage& kernel,
                                                 const BootRequest& request) {
    const EntryProtocol wanted = request.protocol;
    const auto takes_tree = [](EntryProtocol protocol) {
        return protocol == EntryProtocol::kLinux64 || protocol == EntryProtocol::kLinux32;
    };
    if (request.device_tree && wanted != EntryProtocol::kAuto && !takes_tree(wanted)) {
        return Error::user(fmt::format(
            "the {0} entry (--entry {0}) has no place for a device tree (--fdt): leave one of them "
            "out, or take --entry linux64",
            protocol_name(wanted)));
    }
    const std::vector<EntryChoice> all = entry_choices(kernel);
    std::vector<EntryChoice> allowed;
    std::string offered;
    for (const EntryChoice& choice : all) {
        // Never guess that a 64-bit ELF has 32-bit code at its entry.
        const bool guess = kernel.elf.has_value() && kernel.elf->is_64_bit &&
                           choice.protocol == EntryProtocol::kLinux32;
        const bool lacks_tree = request.device_tree && !takes_tree(choice.protocol);
        if (wanted == choice.protocol ||
            (wanted == EntryProtocol::kAuto && !guess && !lacks_tree)) {
            allowed.push_back(choice);
        }
        offered += (offered.empty() ? "" : ", ") + protocol_name(choice.protocol);
    }
    if (allowed.empty()) {
        return Error::user(fmt::format("'{}' ({}) cannot be entered by {}; it offers {}",
                                       kernel.file.name(), kernel.description(),
                                       protocol_name(wanted), offered));
    }
    return allowed;
}

}  // namespace skiff::boot::x86_64
