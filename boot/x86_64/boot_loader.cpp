// SPDX-License-Identifier: Apache-2.0
#include "boot/x86_64/boot_loader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "boot/cmdline.h"
#include "boot/initrd.h"
#include "boot/kernel_image.h"
#include "boot/memory_plan.h"
#include "boot/x86_64/bare_loader.h"
#include "boot/x86_64/device_tree.h"
#include "boot/x86_64/entry_choice.h"
#include "boot/x86_64/gdt.h"
#include "boot/x86_64/kernel_placement.h"
#include "boot/x86_64/low_memory.h"
#include "boot/x86_64/page_tables.h"
#include "boot/x86_64/pvh.h"
#include "boot/x86_64/zero_page.h"

namespace skiff::boot::x86_64 {
namespace {

/// All there is between the command line's place and the end of conventional memory.
constexpr std::uint64_t kCmdlineRoom = kLowRamEnd - kCmdlineAddress.value() - 1;

Result<void> place_cmdline(GuestMemory& memory, MemoryPlan& plan, const KernelImage& kernel,
                           const std::string& cmdline) {
    const std::uint64_t limit =
        kernel.bzimage.has_value() ? kernel.bzimage->cmdline_limit : kDefaultCmdlineLimit;
    SKIFF_RETURN_IF_ERROR(check_cmdline(cmdline, std::min(limit, kCmdlineRoom)));
    SKIFF_RETURN_IF_ERROR(plan.claim("the command line", {kCmdlineAddress, cmdline.size() + 1}));
    write_cmdline(memory, kCmdlineAddress, cmdline);
    return {};
}

std::uint64_t initrd_highest_byte(const KernelImage& kernel) {
    if (kernel.bzimage.has_value()) {
        return kernel.bzimage->initrd_highest_byte;
    }
    return kernel.elf->is_64_bit ? kInitrdMax64 : kInitrdMaxLegacy;
}

Result<void> load_initrd(GuestMemory& memory, MemoryPlan& plan, const KernelImage& kernel,
                         const File& file, BootData& data, LoadedGuest& guest) {
    SKIFF_ASSIGN_OR_RETURN(const PlacedInitrd placed,
                           place_initrd(memory, plan, file, initrd_highest_byte(kernel)));
    data.initrd = placed.range;
    guest.placements.push_back({"initrd", placed.range, placed.method == LoadMethod::kMapped});
    return {};
}

/// setup_data came with protocol 2.09; an ELF kernel gets a header of ours, which is newer.
Result<void> check_takes_setup_data(const KernelImage& kernel) {
    constexpr std::uint16_t kVersionWithSetupData = 0x0209;
    if (kernel.bzimage.has_value() && kernel.bzimage->version < kVersionWithSetupData) {
        return Error::user(fmt::format(
            "'{}' cannot take a device tree: its boot protocol {}.{:02} "
            "is older than 2.09; boot it without --fdt",
            kernel.file.name(), kernel.bzimage->version >> 8, kernel.bzimage->version & 0xff));
    }
    return {};
}

Result<void> load_device_tree(GuestMemory& memory, MemoryPlan& plan, const KernelImage& kernel,
                              const BootRequest& request, BootData& data, LoadedGuest& guest) {
    SKIFF_RETURN_IF_ERROR(check_takes_setup_data(kernel));
    SKIFF_ASSIGN_OR_RETURN(
        guest.device_tree,
        make_device_tree(memory, {request.cmdline, data.initrd}, request.virtio_slots));
    SKIFF_ASSIGN_OR_RETURN(data.setup_data, write_setup_dtb(memory, plan, guest.device_tree));
    guest.placements.push_back(
        {"device tree", {*data.setup_data, plan.claims().back().range.size_bytes}, false});
    return {};
}

/// The structure of the protocol, the tables of its CPU mode, and the registers that name them.
Result<void> write_entry(GuestMemory& memory, MemoryPlan& plan, const KernelImage& kernel,
                         const PlacedKernel& placed, const BootData& data, EntryState& entry) {
    entry.rip = placed.entry;
    entry.mode = EntryState::Mode::kProtected32;
    if (placed.choice.protocol == EntryProtocol::kPvh) {
        SKIFF_ASSIGN_OR_RETURN(entry.rbx, write_start_info(memory, plan, data));
        return write_gdt(memory, plan, entry);
    }
    SKIFF_ASSIGN_OR_RETURN(
        entry.rsi, write_zero_page(memory, plan, kernel.bzimage, placed.load_address, data));
    if (placed.choice.protocol == EntryProtocol::kLinux64) {
        entry.mode = EntryState::Mode::kLong64;
        SKIFF_RETURN_IF_ERROR(write_page_tables(memory, plan, entry));
    }
    return write_gdt(memory, plan, entry);
}

}  // namespace

Result<LoadedGuest> load(GuestMemory& memory, const BootRequest& request) {
    if (request.flat.has_value()) {
        return load_flat(memory, request);
    }
    // What is larger than all RAM has no place in it anyway.
    SKIFF_ASSIGN_OR_RETURN(KernelImage kernel,
                           open_kernel(request.kernel_path, memory.size_bytes()));
    SKIFF_ASSIGN_OR_RETURN(auto choices, allowed_entries(kernel, request));
    if (choices.front().protocol == EntryProtocol::kMultiboot) {
        return load_multiboot(memory, kernel, request);
    }
    // It has its own way of handing things over, so it is no way out for the others.
    choices.erase(std::remove_if(choices.begin(), choices.end(),
                                 [](const EntryChoice& choice) {
                                     return choice.protocol == EntryProtocol::kMultiboot;
                                 }),
                  choices.end());

    LoadedGuest guest;
    guest.cmdline = request.cmdline;
    guest.kernel_description = kernel.description();
    MemoryPlan plan(memory, kReservedLowRange);
    // First what has a fixed place, then the kernel, then the initrd in what is left.
    BootData data{kCmdlineAddress, request.cmdline.size(), {}, request.rsdp_address, {}};
    SKIFF_RETURN_IF_ERROR(place_cmdline(memory, plan, kernel, request.cmdline));
    SKIFF_ASSIGN_OR_RETURN(PlacedKernel placed, place_kernel(memory, plan, kernel, choices));
    guest.protocol = placed.choice.protocol;
    guest.symbol_offset = placed.symbol_offset;
    guest.placements = std::move(placed.placements);
    if (request.modules.size() > 1) {
        return Error::user(fmt::format(
            "'{}' takes one initrd, and {} were given: only a Multiboot image has several modules",
            request.kernel_path, request.modules.size()));
    }
    if (request.initrd_file != nullptr) {
        SKIFF_RETURN_IF_ERROR(load_initrd(memory, plan, kernel, *request.initrd_file, data, guest));
    } else if (request.initrd_path.has_value()) {
        SKIFF_ASSIGN_OR_RETURN(const File file, File::open(*request.initrd_path));
        SKIFF_RETURN_IF_ERROR(load_initrd(memory, plan, kernel, file, data, guest));
    }
    if (request.device_tree) {
        SKIFF_RETURN_IF_ERROR(load_device_tree(memory, plan, kernel, request, data, guest));
    }
    SKIFF_RETURN_IF_ERROR(write_entry(memory, plan, kernel, placed, data, guest.entry));
    guest.placements.push_back(
        {"command line", {kCmdlineAddress, request.cmdline.size() + 1}, false});
    guest.kernel = std::move(kernel);
    return guest;
}

}  // namespace skiff::boot::x86_64
