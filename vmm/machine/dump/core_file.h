// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/guest_memory.h"
#include "base/result.h"
#include "vmm/kvm/vcpu.h"

namespace skiff::machine {

/// What a core was found to hold.
struct CoreSummary {
    std::uint64_t memory_bytes = 0;   ///< Of RAM.
    std::uint64_t written_bytes = 0;  ///< Of it, what is not zero: the rest are holes in the file.
    std::uint64_t lost_bytes = 0;  ///< What could not be read: pages of a file that was truncated.
    bool has_vmcoreinfo = false;
};

/// Writes the guest as an ELF64 core into `fd`, an empty file that is called `name` in errors; the
/// vCPUs stand still. For crash and drgn the core has RAM by physical address and, of a Linux with
/// CONFIG_CRASH_CORE, its VMCOREINFO note; for gdb it has RAM by the virtual addresses of the
/// guest's page tables as well, in the same bytes of the file; and each vCPU's registers.
///
/// The note is looked for in RAM, where it begins a page (kernel/crash_core.c): all of RAM is read
/// anyway, and the other way, fw_cfg's etc/vmcoreinfo, needs a driver in the guest.
Result<CoreSummary> write_core(int fd, const std::string& name, const GuestMemory& memory,
                               const std::vector<kvm::Vcpu>& vcpus);

}  // namespace skiff::machine
