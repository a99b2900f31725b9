// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/guest_memory.h"
#include "base/result.h"
#include "boot/memory_plan.h"

namespace skiff::boot::x86_64 {

/// What EAX holds at the entry (Multiboot Specification 0.6.96, section 3.2).
inline constexpr std::uint32_t kMultibootBootloaderMagic = 0x2bad'b002;

/// Section 3.3; the fields behind boot_loader_name are of devices that are not here.
struct MultibootInfo {
    std::uint32_t flags;
    std::uint32_t mem_lower;  ///< KiB from 0, at most 640.
    std::uint32_t mem_upper;  ///< KiB from 1 MiB to the first hole.
    std::uint32_t boot_device;
    std::uint32_t cmdline;
    std::uint32_t mods_count;
    std::uint32_t mods_addr;
    std::uint32_t syms[4];
    std::uint32_t mmap_length;
    std::uint32_t mmap_addr;
    std::uint32_t drives_length;
    std::uint32_t drives_addr;
    std::uint32_t config_table;
    std::uint32_t boot_loader_name;
    std::uint32_t apm_table;
    std::uint32_t vbe_and_framebuffer[12];
};
static_assert(sizeof(MultibootInfo) == 120);

/// Bits of MultibootInfo::flags.
enum MultibootInfoFlag : std::uint32_t {
    kInfoMemory = 1U << 0,
    kInfoCmdline = 1U << 2,
    kInfoModules = 1U << 3,
    kInfoMemoryMap = 1U << 6,
    kInfoBootLoaderName = 1U << 9,
};

struct MultibootModule {
    std::uint32_t mod_start;
    std::uint32_t mod_end;
    std::uint32_t string;
    std::uint32_t reserved;
};
static_assert(sizeof(MultibootModule) == 16);

/// An entry of the memory map: `size` does not count itself.
struct [[gnu::packed]] MultibootMemoryRange {
    std::uint32_t size;
    std::uint64_t addr;
    std::uint64_t len;
    std::uint32_t type;
};
static_assert(sizeof(MultibootMemoryRange) == 24);

struct LoadedModule {
    GuestRange range;  ///< Below 4 GiB.
    std::string string;
};

/// Claims a place that is free and writes the information structure and all that it points to: the
/// command line, the modules, the memory map and the loader's name. Answers its address, which the
/// entry wants in EBX.
Result<std::uint64_t> write_multiboot_info(GuestMemory& memory, MemoryPlan& plan,
                                           const std::string& cmdline,
                                           std::span<const LoadedModule> modules);

}  // namespace skiff::boot::x86_64
