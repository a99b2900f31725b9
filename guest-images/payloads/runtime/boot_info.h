// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/console.h"

/// What the loader handed over: PVH's hvm_start_info, Multiboot's information or Linux's
/// boot_params.
namespace payload {

/// struct hvm_start_info (Xen, xen/include/public/arch-x86/hvm/start_info.h).
struct StartInfo {
    std::uint32_t magic;
    std::uint32_t version;
    std::uint32_t flags;
    std::uint32_t module_count;
    std::uint64_t module_list_address;
    std::uint64_t command_line_address;
    std::uint64_t rsdp_address;
    /// From version 1 on.
    std::uint64_t memory_map_address;
    std::uint32_t memory_map_entries;
    std::uint32_t reserved;
};
static_assert(sizeof(StartInfo) == 56);
constexpr std::uint32_t kStartInfoMagic = 0x336ec578;

/// struct hvm_modlist_entry.
struct Module {
    std::uint64_t address;
    std::uint64_t size;
    std::uint64_t command_line_address;
    std::uint64_t reserved;
};
static_assert(sizeof(Module) == 32);

/// struct hvm_memmap_table_entry.
struct MemoryRange {
    std::uint64_t address;
    std::uint64_t size;
    std::uint32_t type;
    std::uint32_t reserved;
};
static_assert(sizeof(MemoryRange) == 24);
constexpr std::uint32_t kMemoryTypeRam = 1;

/// The information structure of Multiboot (Multiboot Specification 0.6.96, section 3.3), as far as
/// payloads look at it.
struct MultibootInfo {
    std::uint32_t flags;
    std::uint32_t mem_lower, mem_upper;
    std::uint32_t boot_device;
    std::uint32_t cmdline;
    std::uint32_t mods_count, mods_addr;
    std::uint32_t syms[4];
    std::uint32_t mmap_length, mmap_addr;
    std::uint32_t drives_length, drives_addr;
    std::uint32_t config_table;
    std::uint32_t boot_loader_name;
};

/// Null where the payload was not entered by Multiboot.
const MultibootInfo* multiboot();

/// Null where the payload was not entered by PVH.
const StartInfo* start_info();
/// Physical address of Linux's zero page, 0 where the payload was entered by PVH.
std::uint64_t boot_params_address();

/// The whole command line (a copy of our own, so that payloads may overwrite low memory).
Text command_line();
/// The value of the word `name=value` on the command line, else `otherwise`.
Text option(const char* name, const char* otherwise);
/// The same as a decimal or 0x-hexadecimal number.
std::uint64_t option(const char* name, std::uint64_t otherwise);

/// To be called first: copies the command line.
void read_boot_info();

}  // namespace payload
