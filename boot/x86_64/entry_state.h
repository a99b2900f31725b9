// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace skiff::boot::x86_64 {

/// Where the boot processor begins. The tables it names are in guest memory already; vmm/kvm turns
/// this into registers.
struct EntryState {
    enum class Mode {
        kReal16,       ///< Real mode; CS is `code_segment`, the other segments 0.
        kProtected32,  ///< Flat 32-bit segments, paging off.
        kLong64,       ///< 64-bit mode, paging on with `cr3`.
    };

    Mode mode = Mode::kProtected32;
    std::uint64_t rip = 0;
    /// The magic number of Multiboot, else 0.
    std::uint64_t rax = 0;
    /// hvm_start_info (PVH) or the information structure (Multiboot), else 0.
    std::uint64_t rbx = 0;
    /// boot_params (Linux protocols), else 0.
    std::uint64_t rsi = 0;
    /// Only for kReal16: selector whose base is 16 times its value.
    std::uint16_t code_segment = 0;
    /// Page-table root; only for kLong64.
    std::uint64_t cr3 = 0;
    /// GDT with code at selector 0x10 and data at 0x18 (boot.rst: __BOOT_CS, __BOOT_DS), which the
    /// guest may reload from. Its limit is in bytes minus one, as LGDT takes it.
    std::uint64_t gdt_base = 0;
    std::uint16_t gdt_limit = 0;
};

}  // namespace skiff::boot::x86_64
