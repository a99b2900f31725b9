// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/guest_memory.h"
#include "vmm/kvm/vcpu.h"
#include "vmm/machine/console_watch.h"
#include "vmm/machine/exit_reason.h"

namespace skiff::machine {

/// What a death report is made from; nobody runs the vCPUs any more.
struct DeathScene {
    const GuestMemory& memory;
    const std::vector<kvm::Vcpu>& vcpus;
    const ConsoleWatch& console;
    /// ELF file with the kernel's symbols.
    std::string symbol_file;
    /// Where symbols run relative to their linked addresses.
    std::uint64_t symbol_offset = 0;
    /// Whether the user has seen the console's last lines already.
    bool console_was_shown = false;
};

/// Whether `reason` is a death that the user wants explained, rather than an orderly stop.
bool is_death(const ExitReason& reason);

/// Why and where the guest died, several lines: the reason in words, RIP with its symbol, the
/// instruction's bytes, registers, and the last console lines, with names for the raw addresses in
/// them; of a kernel that reported trouble, the lines from there on. Lines that the user has seen
/// are left out, unless there are names to add. Text from the guest is in it.
std::string death_report(const ExitReason& reason, const DeathScene& scene);

}  // namespace skiff::machine
