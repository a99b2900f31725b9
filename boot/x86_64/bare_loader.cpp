// SPDX-License-Identifier: Apache-2.0
#include "boot/x86_64/bare_loader.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/log.h"
#include "base/units.h"
#include "boot/cmdline.h"
#include "boot/memory_plan.h"
#include "boot/segment_loader.h"
#include "boot/x86_64/elf_placement.h"
#include "boot/x86_64/gdt.h"
#include "boot/x86_64/low_memory.h"
#include "boot/x86_64/multiboot_info.h"
#include "boot/x86_64/page_tables.h"
#include "boot/x86_64/real_mode_vectors.h"

namespace skiff::boot::x86_64 {
namespace {

/// The specification has no limit: what is longer is a mistake.
constexpr std::uint64_t kMultibootCmdlineLimit = 64 * kKiB;
/// A segment in real mode, and what its registers reach (Intel SDM volume 3, 21.1.1).
constexpr std::uint64_t kParagraph = 16;
constexpr std::uint64_t kRealModeEnd = kMiB;

Result<LoadedModule> load_module(GuestMemory& memory, MemoryPlan& plan, const ModuleFile& module,
                                 std::uint64_t image_end, LoadedGuest& guest) {
    const std::string& path = module.path;
    SKIFF_ASSIGN_OR_RETURN(const File file, File::open(path));
    if (file.size_bytes() == 0) {
        return Error::user("the module '" + path + "' is empty");
    }
    const std::uint64_t whole_pages = align_up(file.size_bytes(), kPageSize);
    const auto place = plan.find_lowest(whole_pages, kPageSize, image_end);
    if (!place.has_value() || place->value() + whole_pages > kIdentityMapEnd) {
        return Error::user(fmt::format(
            "the module '{}' ({}) does not fit into guest memory below 4 GiB behind the "
            "image, which ends at {:#x}: give the guest more memory",
            path, format_size(file.size_bytes()), image_end));
    }
    SKIFF_RETURN_IF_ERROR(plan.claim("module", {*place, whole_pages}));
    SKIFF_ASSIGN_OR_RETURN(const LoadMethod method,
                           load_segment(memory, file, {0, file.size_bytes(), *place, whole_pages}));
    const GuestRange range{*place, file.size_bytes()};
    guest.placements.push_back({"module", range, method == LoadMethod::kMapped});
    // The name first, as other loaders have it.
    return LoadedModule{range, path + (module.arguments.empty() ? "" : " ") + module.arguments};
}

std::vector<ModuleFile> modules_of(const BootRequest& request) {
    if (request.modules.empty() && request.initrd_path.has_value()) {
        return {{*request.initrd_path, {}}};
    }
    return request.modules;
}

/// An image with a stub far below its body is behind neither: modules go behind the highest part.
std::uint64_t end_of(const KernelImage& kernel) {
    return std::max(kernel.elf->end_address(), kHighRamStart);
}

EntryState::Mode mode_of(FlatMode mode) {
    switch (mode) {
        case FlatMode::kReal:
            return EntryState::Mode::kReal16;
        case FlatMode::kProtected32:
            return EntryState::Mode::kProtected32;
        case FlatMode::kLong64:
            break;
    }
    return EntryState::Mode::kLong64;
}

Result<void> check_flat(const BootRequest& request, const File& file) {
    if (request.initrd_path.has_value() || !request.bare_cmdline.empty()) {
        return Error::user(fmt::format("a flat image takes no {}: leave {} out",
                                       request.initrd_path.has_value() ? "initrd" : "command line",
                                       request.initrd_path.has_value() ? "-i" : "-a"));
    }
    if (file.size_bytes() == 0) {
        return Error::user("'" + file.name() + "' is empty");
    }
    const std::uint64_t limit =
        request.flat->mode == FlatMode::kReal ? kRealModeEnd : kIdentityMapEnd;
    if (request.flat->address >= limit) {
        return Error::user(
            fmt::format("a flat image cannot be entered at {:#x} in this mode, which "
                        "reaches up to {:#x}",
                        request.flat->address, limit));
    }
    return {};
}

/// As firmware enters a boot sector at 0x7c00: segment 0 as far as it reaches.
void set_real_mode_entry(std::uint64_t address, EntryState& entry) {
    constexpr std::uint64_t kSegmentEnd = 0x10000;
    entry.code_segment =
        address < kSegmentEnd ? std::uint16_t{0} : static_cast<std::uint16_t>(address / kParagraph);
    entry.rip = address - entry.code_segment * kParagraph;
}

}  // namespace

Result<LoadedGuest> load_multiboot(GuestMemory& memory, const KernelImage& kernel,
                                   const BootRequest& request) {
    LoadedGuest guest;
    guest.kernel_description = kernel.description();
    guest.protocol = EntryProtocol::kMultiboot;
    guest.cmdline = request.kernel_path;
    if (!request.bare_cmdline.empty()) {
        guest.cmdline += " " + request.bare_cmdline;
    }
    SKIFF_RETURN_IF_ERROR(check_cmdline(guest.cmdline, kMultibootCmdlineLimit));
    if (kernel.multiboot->wants_video()) {
        log::warning("'{}' asks its boot loader for a video mode: there is no display",
                     request.kernel_path);
    }

    MemoryPlan plan(memory, kReservedLowRange);
    SKIFF_ASSIGN_OR_RETURN(PlacedKernel placed,
                           place_elf(memory, plan, kernel, EntryProtocol::kMultiboot, 0));
    guest.placements = std::move(placed.placements);
    std::vector<LoadedModule> modules;
    for (const ModuleFile& file : modules_of(request)) {
        SKIFF_RETURN_IF_ERROR(check_cmdline(file.arguments, kMultibootCmdlineLimit));
        SKIFF_ASSIGN_OR_RETURN(LoadedModule module,
                               load_module(memory, plan, file, end_of(kernel), guest));
        modules.push_back(std::move(module));
    }
    guest.entry.mode = EntryState::Mode::kProtected32;
    guest.entry.rip = placed.entry;
    guest.entry.rax = kMultibootBootloaderMagic;
    SKIFF_ASSIGN_OR_RETURN(guest.entry.rbx,
                           write_multiboot_info(memory, plan, guest.cmdline, modules));
    guest.placements.push_back({"Multiboot information", plan.claims().back().range, false});
    SKIFF_RETURN_IF_ERROR(write_gdt(memory, plan, guest.entry));
    // Multiboot, section 3.2: all else is "as initialized by the BIOS".
    guest.expects_firmware = write_real_mode_vectors(memory, plan);
    return guest;
}

Result<LoadedGuest> load_flat(GuestMemory& memory, const BootRequest& request) {
    SKIFF_ASSIGN_OR_RETURN(const File file, File::open(request.kernel_path));
    SKIFF_RETURN_IF_ERROR(check_flat(request, file));
    LoadedGuest guest;
    guest.kernel_description = "flat image";
    guest.protocol = EntryProtocol::kFlat;
    const GuestRange range{GuestAddress(request.flat->address), file.size_bytes()};
    MemoryPlan plan(memory, kReservedLowRange);
    SKIFF_RETURN_IF_ERROR(plan.claim("the flat image", range));
    SKIFF_ASSIGN_OR_RETURN(
        const LoadMethod method,
        load_segment(memory, file, {0, range.size_bytes, range.start, range.size_bytes}));
    guest.placements.push_back({"flat image", range, method == LoadMethod::kMapped});

    guest.entry.mode = mode_of(request.flat->mode);
    if (request.flat->mode == FlatMode::kReal) {
        set_real_mode_entry(range.start.value(), guest.entry);
        guest.expects_firmware = write_real_mode_vectors(memory, plan);
        return guest;
    }
    guest.entry.rip = range.start.value();
    if (request.flat->mode == FlatMode::kLong64) {
        SKIFF_RETURN_IF_ERROR(write_page_tables(memory, plan, guest.entry));
    }
    SKIFF_RETURN_IF_ERROR(write_gdt(memory, plan, guest.entry));
    return guest;
}

}  // namespace skiff::boot::x86_64
