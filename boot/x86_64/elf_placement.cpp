// SPDX-License-Identifier: Apache-2.0
#include "boot/x86_64/elf_placement.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"
#include "boot/relocations.h"
#include "boot/segment_loader.h"
#include "boot/x86_64/low_memory.h"

namespace skiff::boot::x86_64 {
namespace {

/// startup_64 of a 64-bit kernel runs only at multiples of the large page size.
constexpr std::uint64_t kLeastAlignment64 = 2 * kMiB;
/// Below this, a hole between two segments belongs to the kernel too.
constexpr std::uint64_t kMaxHole = 64 * kMiB;

/// Where else than linked a kernel may be.
struct Freedom {
    std::uint64_t alignment = 0;
    std::uint64_t min_alignment = 0;
    std::uint64_t lowest = kHighRamStart;
    std::uint64_t highest_end = 4 * kGiB;
};

std::optional<Freedom> freedom_of(const KernelImage& kernel, EntryProtocol protocol) {
    const ElfImage& elf = *kernel.elf;
    if (protocol == EntryProtocol::kPvh && elf.pvh_relocation.has_value()) {
        const PvhRelocation& note = *elf.pvh_relocation;
        return Freedom{note.alignment, note.alignment, std::max(note.lowest, kHighRamStart),
                       note.highest_end};
    }
    // An ELF file does not say whether it can run elsewhere. A bzImage does; but the PVH entry of a
    // 64-bit kernel without the note above has its physical addresses built in.
    const bool fixed_entry = elf.is_64_bit && protocol != EntryProtocol::kLinux64;
    if (!kernel.bzimage.has_value() || !kernel.bzimage->relocatable || fixed_entry) {
        return std::nullopt;
    }
    const std::uint64_t least = elf.is_64_bit ? kLeastAlignment64 : kPageSize;
    return Freedom{std::max(kernel.bzimage->alignment, least),
                   std::max(kernel.bzimage->min_alignment, least)};
}

/// Memory that the unpacked kernel occupies, its bss and early heap included. A bzImage's init_size
/// is larger by the room in which it would unpack itself.
std::uint64_t image_span(const KernelImage& kernel) {
    return kernel.elf->end_address() - kernel.elf->lowest_address();
}

bool fits_as_linked(const MemoryPlan& plan, const KernelImage& kernel) {
    const ElfImage& elf = *kernel.elf;
    return std::all_of(elf.segments.begin(), elf.segments.end(), [&](const ElfSegment& segment) {
        return plan.is_free({GuestAddress(segment.physical_address), segment.memory_size});
    });
}

/// Entry of `protocol`, checked to be inside of a segment.
Result<std::uint64_t> checked_entry(const KernelImage& kernel, EntryProtocol protocol) {
    const ElfImage& elf = *kernel.elf;
    const bool pvh = protocol == EntryProtocol::kPvh;
    const std::uint64_t entry = pvh ? elf.pvh_entry.value_or(0) : elf.entry;
    for (const ElfSegment& segment : elf.segments) {
        if (GuestRange{GuestAddress(segment.physical_address), segment.memory_size}.contains(
                GuestAddress(entry))) {
            return entry;
        }
    }
    return Error::user(
        fmt::format("'{}' cannot be booted: its {} entry {:#x} is outside of its "
                    "segments",
                    kernel.file.name(), pvh ? "PVH" : "ELF", entry));
}

Result<void> load_segments(GuestMemory& memory, MemoryPlan& plan, const KernelImage& kernel,
                           std::uint64_t displacement, PlacedKernel& placed) {
    const ElfImage& elf = *kernel.elf;
    for (std::size_t i = 0; i < elf.segments.size(); ++i) {
        const ElfSegment& segment = elf.segments[i];
        const GuestRange range{GuestAddress(segment.physical_address + displacement),
                               segment.memory_size};
        const std::string name = fmt::format("kernel segment {}", i);
        SKIFF_RETURN_IF_ERROR(plan.claim(name, range));
        SKIFF_ASSIGN_OR_RETURN(
            const LoadMethod method,
            load_segment(memory, kernel.elf_file(),
                         {segment.file_offset, segment.file_size, range.start, range.size_bytes}));
        placed.placements.push_back({name, range, method == LoadMethod::kMapped});
    }
    return {};
}

/// Takes the holes between segments and the rest of init_size, so that no initrd lands there. What
/// is not free stays as it is: a kernel may have a stub far below its body.
Result<void> claim_rest(MemoryPlan& plan, const KernelImage& kernel, std::uint64_t displacement) {
    std::vector<ElfSegment> segments = kernel.elf->segments;
    std::sort(segments.begin(), segments.end(), [](const ElfSegment& a, const ElfSegment& b) {
        return a.physical_address < b.physical_address;
    });
    const std::uint64_t base = kernel.elf->lowest_address() + displacement;
    const auto claim_between = [&](std::uint64_t start, std::uint64_t end) -> Result<void> {
        const GuestRange hole{GuestAddress(start), end > start ? end - start : 0};
        if (hole.size_bytes == 0 || hole.size_bytes > kMaxHole || !plan.is_free(hole)) {
            return {};
        }
        return plan.claim("kernel's own memory", hole);
    };
    std::uint64_t end = base;
    for (const ElfSegment& segment : segments) {
        const std::uint64_t start = segment.physical_address + displacement;
        SKIFF_RETURN_IF_ERROR(claim_between(end, start));
        end = std::max(end, start + segment.memory_size);
    }
    const std::uint64_t init_size = kernel.bzimage.has_value() ? kernel.bzimage->init_size : 0;
    return claim_between(end, base + init_size);
}

/// A 64-bit kernel finds its physical place by itself; a 32-bit one runs where physical and virtual
/// place are a constant apart, so that all its addresses move.
Result<void> relocate(GuestMemory& memory, const KernelImage& kernel, std::uint64_t displacement,
                      PlacedKernel& placed) {
    if (displacement == 0 || kernel.elf->is_64_bit) {
        return {};
    }
    SKIFF_ASSIGN_OR_RETURN(const RelocationTables tables,
                           read_relocations(kernel.elf_file(), kernel.elf->is_64_bit));
    if (tables.empty()) {
        return Error::user("'" + kernel.file.name() +
                           "' calls itself relocatable, but has no relocation tables");
    }
    const ElfSegment& first = kernel.elf->segments.front();
    RelocationTarget target;
    target.virtual_offset = first.virtual_address - first.physical_address;
    target.image = {GuestAddress(kernel.elf->lowest_address() + displacement), image_span(kernel)};
    target.physical_displacement = displacement;
    target.virtual_displacement = displacement;
    placed.symbol_offset = displacement;
    return apply_relocations(memory, tables, target);
}

}  // namespace

std::optional<std::uint64_t> find_displacement(const MemoryPlan& plan, const KernelImage& kernel,
                                               EntryProtocol protocol) {
    if (fits_as_linked(plan, kernel)) {
        return 0;
    }
    const auto freedom = freedom_of(kernel, protocol);
    if (!freedom.has_value()) {
        return std::nullopt;
    }
    const std::uint64_t linked = kernel.elf->lowest_address();
    const std::uint64_t span = image_span(kernel);
    for (std::uint64_t alignment = freedom->alignment; alignment >= freedom->min_alignment;
         alignment /= 2) {
        if (!is_aligned(linked, alignment)) {
            continue;
        }
        const auto place = plan.find_lowest(span, alignment, freedom->lowest);
        if (place.has_value() && place->value() + span <= freedom->highest_end) {
            return place->value() - linked;
        }
    }
    return std::nullopt;
}

Result<PlacedKernel> place_elf(GuestMemory& memory, MemoryPlan& plan, const KernelImage& kernel,
                               EntryProtocol protocol, std::uint64_t displacement) {
    SKIFF_ASSIGN_OR_RETURN(const std::uint64_t entry, checked_entry(kernel, protocol));
    PlacedKernel placed;
    placed.choice = {protocol, EntryForm::kElf};
    placed.entry = entry + displacement;
    placed.load_address = kernel.elf->lowest_address() + displacement;
    SKIFF_RETURN_IF_ERROR(load_segments(memory, plan, kernel, displacement, placed));
    SKIFF_RETURN_IF_ERROR(claim_rest(plan, kernel, displacement));
    SKIFF_RETURN_IF_ERROR(relocate(memory, kernel, displacement, placed));
    return placed;
}

}  // namespace skiff::boot::x86_64
