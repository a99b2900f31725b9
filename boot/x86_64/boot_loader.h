// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/guest_address.h"
#include "base/guest_memory.h"
#include "base/result.h"
#include "boot/boot_request.h"
#include "boot/kernel_image.h"
#include "boot/x86_64/entry_state.h"

namespace skiff::boot::x86_64 {

/// One thing that was put into guest memory, for --dry-run and -v.
struct Placement {
    std::string name;  ///< "kernel segment 0", "initrd", "command line", …
    GuestRange range;
    bool mapped = false;  ///< Mapped copy-on-write from the file, not copied.
};

/// What load() did.
struct LoadedGuest {
    EntryState entry;
    EntryProtocol protocol = EntryProtocol::kAuto;  ///< The one chosen; never kAuto.
    std::string kernel_description;                 ///< For people: "ELF vmlinux, Linux 6.1.…".
    std::string cmdline;  ///< The line that was handed over; empty for a flat image.
    std::vector<Placement> placements;
    /// Where kernel symbols run relative to their linked addresses (0 unless relocated).
    std::uint64_t symbol_offset = 0;
    /// The guest is to find 8259s and PIT as firmware leaves them; its vectors are written.
    bool expects_firmware = false;
    /// The blob that was handed over; empty where none was asked for.
    std::vector<std::uint8_t> device_tree;
    /// What was loaded, still open; nothing for a guest that is no Linux.
    std::optional<KernelImage> kernel;
};

/// Loads kernel and initrd (for Multiboot: a module) into `memory` and writes what the chosen
/// protocol hands over (boot parameters or start info, memory map, command line, page tables, GDT).
/// The ranges 0x9FC00..0x100000 are for the MP table and ACPI: only the
/// handlers of real mode are put there. Nothing in the
/// files is trusted; what cannot be booted is a user error that says what it is.
Result<LoadedGuest> load(GuestMemory& memory, const BootRequest& request);

}  // namespace skiff::boot::x86_64
