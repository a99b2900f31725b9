// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/guest_address.h"
#include "base/guest_memory.h"
#include "base/result.h"
#include "boot/memory_plan.h"
#include "boot/x86_64/boot_data.h"

namespace skiff::boot::x86_64 {

/// struct hvm_start_info, version 1 (Xen, xen/include/public/arch-x86/hvm/start_info.h).
struct HvmStartInfo {
    std::uint32_t magic;
    std::uint32_t version;
    std::uint32_t flags;
    std::uint32_t nr_modules;
    std::uint64_t modlist_paddr;
    std::uint64_t cmdline_paddr;
    std::uint64_t rsdp_paddr;
    std::uint64_t memmap_paddr;
    std::uint32_t memmap_entries;
    std::uint32_t reserved;
};
static_assert(sizeof(HvmStartInfo) == 56);
inline constexpr std::uint32_t kHvmStartMagic = 0x336ec578;
inline constexpr std::uint32_t kHvmStartVersion = 1;

/// struct hvm_modlist_entry.
struct HvmModule {
    std::uint64_t paddr;
    std::uint64_t size;
    std::uint64_t cmdline_paddr;
    std::uint64_t reserved;
};
static_assert(sizeof(HvmModule) == 32);

/// struct hvm_memmap_table_entry.
struct HvmMemmapEntry {
    std::uint64_t addr;
    std::uint64_t size;
    std::uint32_t type;
    std::uint32_t reserved;
};
static_assert(sizeof(HvmMemmapEntry) == 24);

/// Claims and writes hvm_start_info with the initrd as module 0 and the memory map behind it;
/// answers its address, which the entry wants in EBX.
Result<std::uint64_t> write_start_info(GuestMemory& memory, MemoryPlan& plan, const BootData& data);

}  // namespace skiff::boot::x86_64
