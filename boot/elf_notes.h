// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "boot/elf.h"

namespace skiff::boot {

/// Takes the notes of owner "Xen" that a PVH loader wants out of one PT_NOTE segment into `image`
/// (Xen, xen/include/public/elfnote.h): PHYS32_ENTRY and PHYS32_RELOC. Stops silently at the first
/// note that does not fit: a kernel without usable notes still has its other entries.
void read_xen_notes(std::span<const std::uint8_t> notes, ElfImage& image);

/// "aarch64", "RISC-V", … or "machine 123".
std::string elf_machine_name(unsigned machine);

}  // namespace skiff::boot
