// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace skiff::boot {

/// struct setup_header of a Linux kernel for x86 (Documentation/x86/boot.rst, "The Real-Mode Kernel
/// Header"): at offset 0x1f1 of a bzImage and of boot_params. Little-endian, not aligned.
struct [[gnu::packed]] SetupHeader {
    std::uint8_t setup_sects;
    std::uint16_t root_flags;
    std::uint32_t syssize;
    std::uint16_t ram_size;
    std::uint16_t vid_mode;
    std::uint16_t root_dev;
    std::uint16_t boot_flag;
    std::uint16_t jump;
    std::uint32_t header;
    std::uint16_t version;
    std::uint32_t realmode_swtch;
    std::uint16_t start_sys_seg;
    std::uint16_t kernel_version;
    std::uint8_t type_of_loader;
    std::uint8_t loadflags;
    std::uint16_t setup_move_size;
    std::uint32_t code32_start;
    std::uint32_t ramdisk_image;
    std::uint32_t ramdisk_size;
    std::uint32_t bootsect_kludge;
    std::uint16_t heap_end_ptr;
    std::uint8_t ext_loader_ver;
    std::uint8_t ext_loader_type;
    std::uint32_t cmd_line_ptr;
    std::uint32_t initrd_addr_max;
    std::uint32_t kernel_alignment;
    std::uint8_t relocatable_kernel;
    std::uint8_t min_alignment;
    std::uint16_t xloadflags;
    std::uint32_t cmdline_size;
    std::uint32_t hardware_subarch;
    std::uint64_t hardware_subarch_data;
    std::uint32_t payload_offset;
    std::uint32_t payload_length;
    std::uint64_t setup_data;
    std::uint64_t pref_address;
    std::uint32_t init_size;
    std::uint32_t handover_offset;
    std::uint32_t kernel_info_offset;
};

/// Where it begins in the file and in boot_params.
inline constexpr std::size_t kSetupHeaderOffset = 0x1f1;
/// Where it must end in boot_params: edd_mbr_sig_buffer follows.
inline constexpr std::size_t kSetupHeaderLimit = 0x290;

static_assert(sizeof(SetupHeader) == 0x26c - kSetupHeaderOffset);
static_assert(offsetof(SetupHeader, boot_flag) == 0x1fe - kSetupHeaderOffset);
static_assert(offsetof(SetupHeader, header) == 0x202 - kSetupHeaderOffset);
static_assert(offsetof(SetupHeader, type_of_loader) == 0x210 - kSetupHeaderOffset);
static_assert(offsetof(SetupHeader, ramdisk_image) == 0x218 - kSetupHeaderOffset);
static_assert(offsetof(SetupHeader, cmd_line_ptr) == 0x228 - kSetupHeaderOffset);
static_assert(offsetof(SetupHeader, kernel_alignment) == 0x230 - kSetupHeaderOffset);
static_assert(offsetof(SetupHeader, xloadflags) == 0x236 - kSetupHeaderOffset);
static_assert(offsetof(SetupHeader, payload_offset) == 0x248 - kSetupHeaderOffset);
static_assert(offsetof(SetupHeader, setup_data) == 0x250 - kSetupHeaderOffset);
static_assert(offsetof(SetupHeader, pref_address) == 0x258 - kSetupHeaderOffset);
static_assert(offsetof(SetupHeader, kernel_info_offset) == 0x268 - kSetupHeaderOffset);

inline constexpr std::uint16_t kBootFlag = 0xaa55;
inline constexpr std::uint32_t kHeaderMagic = 0x53726448;  ///< "HdrS"
inline constexpr std::uint8_t kLoaderUndefined = 0xff;  ///< type_of_loader without an assigned id.

inline constexpr std::uint8_t kLoadedHigh = 1 << 0;    ///< loadflags: not a zImage.
inline constexpr std::uint16_t kXlfKernel64 = 1 << 0;  ///< xloadflags: 64-bit entry at 0x200.

/// Offset of the 64-bit entry from the load address (boot.rst, "64-bit Boot Protocol").
inline constexpr std::uint64_t kEntry64Offset = 0x200;

}  // namespace skiff::boot
