// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "boot/virtio_mmio_slot.h"

namespace skiff::boot {

/// How the guest's first instruction is reached.
enum class EntryProtocol {
    kAuto,  ///< PVH where the image has the note, else Multiboot, else the 64-bit, else the 32-bit
            ///< Linux protocol.
    kPvh,   ///< Xen PVH: 32-bit protected mode, hvm_start_info in EBX.
    kLinux64,    ///< 64-bit Linux boot protocol (boot.rst, "64-bit Boot Protocol").
    kLinux32,    ///< 32-bit Linux boot protocol (boot.rst, "32-bit Boot Protocol").
    kMultiboot,  ///< Multiboot 1: 32-bit protected mode, information structure in EBX.
    kFlat,       ///< The first byte of a flat image.
};

/// Whether what is entered this way takes none of Linux's parameters.
constexpr bool is_bare(EntryProtocol protocol) {
    return protocol == EntryProtocol::kMultiboot || protocol == EntryProtocol::kFlat;
}

/// The processor mode in which a flat image is entered.
enum class FlatMode { kReal, kProtected32, kLong64 };

/// An image that has no headers: where its first byte lies, which is its entry too.
struct FlatImage {
    std::uint64_t address = 0;  ///< Physical; in real mode below 1 MiB.
    FlatMode mode = FlatMode::kProtected32;
    bool operator==(const FlatImage&) const = default;
};

/// A module of a Multiboot image.
struct ModuleFile {
    std::string path;
    std::string arguments;  ///< Behind the path in the module's string; may be empty.
    bool operator==(const ModuleFile& other) const = default;
};

/// What is to be booted; everything in it is the user's, so every mistake is a user error.
struct BootRequest {
    std::string kernel_path;
    /// Of a Linux; also the only module of a Multiboot image, where `modules` is empty.
    std::optional<std::string> initrd_path;
    /// Of a Multiboot image; a Linux takes one at most, which is its initrd.
    std::vector<ModuleFile> modules;
    /// In place of a path: a file that is open already; outlives the request.
    const File* initrd_file = nullptr;
    /// The whole kernel command line of a Linux, without a terminating NUL.
    std::string cmdline;
    /// What a guest that is no Linux gets instead, behind the kernel's path: the user's words
    /// alone.
    std::string bare_cmdline{};
    /// Set: the kernel file is a flat image, whatever it looks like.
    std::optional<FlatImage> flat{};
    EntryProtocol protocol = EntryProtocol::kAuto;
    /// Physical address of the ACPI RSDP that is handed over; nothing without ACPI.
    std::optional<std::uint64_t> rsdp_address;
    /// Hand a device tree over, which only the Linux protocols can: kAuto then means one of them.
    bool device_tree = false;
    /// What the device tree describes.
    std::vector<VirtioMmioSlot> virtio_slots{};
};

}  // namespace skiff::boot
