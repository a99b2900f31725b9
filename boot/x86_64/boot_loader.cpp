// SPDX-License-Identifier: Apache-2.0
#include "boot/x86_64/boot_loader.h"

#include <fmt/format.h>

#include "base/file.h"
#include "boot/cmdline.h"
#include "boot/elf.h"
#include "boot/initrd.h"
#include "boot/memory_plan.h"
#include "boot/segment_loader.h"
#include "boot/x86_64/gdt.h"
#include "boot/x86_64/low_memory.h"
#include "boot/x86_64/pvh.h"

namespace skiff::boot::x86_64 {

Result<LoadedGuest> load(GuestMemory& memory, const BootRequest& request) {
    SKIFF_ASSIGN_OR_RETURN(const File kernel, File::open(request.kernel_path));
    SKIFF_ASSIGN_OR_RETURN(const ElfImage elf, parse_elf(kernel));
    if (!elf.pvh_entry.has_value()) {
        return Error::user("'" + kernel.name() + "' has no PVH entry note");
    }
    SKIFF_RETURN_IF_ERROR(check_cmdline(request.cmdline, kDefaultCmdlineLimit));

    LoadedGuest guest;
    MemoryPlan plan(memory, kReservedLowRange);
    SKIFF_RETURN_IF_ERROR(write_gdt(memory, plan, guest.entry));
    SKIFF_RETURN_IF_ERROR(
        plan.claim("the command line", {kCmdlineAddress, request.cmdline.size() + 1}));
    write_cmdline(memory, kCmdlineAddress, request.cmdline);
    for (std::size_t i = 0; i < elf.segments.size(); ++i) {
        const ElfSegment& segment = elf.segments[i];
        const GuestRange range{GuestAddress(segment.physical_address), segment.memory_size};
        const std::string name = fmt::format("kernel segment {}", i);
        SKIFF_RETURN_IF_ERROR(plan.claim(name, range));
        SKIFF_ASSIGN_OR_RETURN(
            const LoadMethod method,
            load_segment(memory, kernel,
                         {segment.file_offset, segment.file_size, range.start, range.size_bytes}));
        guest.placements.push_back({name, range, method == LoadMethod::kMapped});
    }
    BootData data{kCmdlineAddress, {}, request.rsdp_address};
    if (request.initrd_path.has_value()) {
        SKIFF_ASSIGN_OR_RETURN(const File initrd, File::open(*request.initrd_path));
        SKIFF_ASSIGN_OR_RETURN(
            const PlacedInitrd placed,
            place_initrd(memory, plan, initrd, elf.is_64_bit ? kInitrdMax64 : kInitrdMaxLegacy));
        data.initrd = placed.range;
        guest.placements.push_back({"initrd", placed.range, placed.method == LoadMethod::kMapped});
    }
    SKIFF_ASSIGN_OR_RETURN(guest.entry.rbx, write_start_info(memory, plan, data));
    guest.entry.rip = *elf.pvh_entry;
    guest.protocol = EntryProtocol::kPvh;
    guest.kernel_description = elf.is_64_bit ? "64-bit ELF kernel" : "32-bit ELF kernel";
    return guest;
}

}  // namespace skiff::boot::x86_64
