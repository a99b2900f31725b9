// SPDX-License-Identifier: Apache-2.0
#include "boot/x86_64/kernel_placement.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/units.h"
#include "boot/segment_loader.h"
#include "boot/x86_64/elf_placement.h"
#include "boot/x86_64/low_memory.h"
#include "boot/x86_64/page_tables.h"

namespace skiff::boot::x86_64 {
namespace {

/// Where a bzImage is loaded and where it runs (boot.rst, init_size): one range holds both.
struct BzImagePlace {
    std::uint64_t load_address = 0;
    GuestRange range;
};

BzImagePlace place_at(const BzImage& image, std::uint64_t load_address,
                      std::uint64_t runtime_start) {
    const std::uint64_t start = std::min(load_address, runtime_start);
    const std::uint64_t end =
        std::max(load_address + image.protected_mode_size, runtime_start + image.init_size);
    return {load_address, {GuestAddress(start), end - start}};
}

/// The preferred address, else for a relocatable kernel the lowest free place above it: below it,
/// the kernel would move itself up to it.
BzImagePlace find_bzimage_place(const MemoryPlan& plan, const BzImage& image) {
    if (!image.relocatable) {
        return place_at(image, kHighRamStart, image.pref_address);
    }
    // A hostile pref_address must not wrap; what is too high is refused by the plan.
    const std::uint64_t preferred = std::min(image.pref_address, kIdentityMapEnd);
    const std::uint64_t size = std::max(image.protected_mode_size, image.init_size);
    for (std::uint64_t alignment = image.alignment; alignment >= image.min_alignment;
         alignment /= 2) {
        const auto found = plan.find_lowest(size, alignment, preferred);
        if (found.has_value() && found->value() + size <= kIdentityMapEnd) {
            return place_at(image, found->value(), found->value());
        }
    }
    const std::uint64_t aligned = align_up(preferred, image.alignment);
    return place_at(image, aligned, aligned);
}

Result<PlacedKernel> place_as_is(GuestMemory& memory, MemoryPlan& plan, const KernelImage& kernel,
                                 EntryProtocol protocol) {
    const BzImage& image = *kernel.bzimage;
    const BzImagePlace place = find_bzimage_place(plan, image);
    SKIFF_RETURN_IF_ERROR(plan.claim("kernel", place.range));
    const GuestRange loaded{GuestAddress(place.load_address), image.protected_mode_size};
    SKIFF_ASSIGN_OR_RETURN(const LoadMethod method,
                           load_segment(memory, kernel.file,
                                        {image.protected_mode_offset, image.protected_mode_size,
                                         loaded.start, loaded.size_bytes}));
    PlacedKernel placed;
    placed.choice = {protocol, EntryForm::kAsIs};
    placed.load_address = place.load_address;
    placed.entry = place.load_address + (protocol == EntryProtocol::kLinux64 ? kEntry64Offset : 0);
    placed.placements.push_back({"kernel", loaded, method == LoadMethod::kMapped});
    return placed;
}

/// A first word on the most frequent mistake, before the plan finds the one segment that is out.
Result<void> check_memory_size(const MemoryPlan& plan, const GuestMemory& memory,
                               const KernelImage& kernel) {
    const std::uint64_t end = kernel.elf->end_address();
    const std::uint64_t ram_end = memory.regions().front().range.end();
    if (end <= ram_end || end > kGiB || kernel.elf->lowest_address() < kHighRamStart) {
        return {};
    }
    return Error::user(fmt::format(
        "guest memory is too small for '{}': the kernel lies at {:#x}-{:#x} ({}); give the guest "
        "at least {} MiB",
        kernel.file.name(), kernel.elf->lowest_address(), end, plan.describe_ram(),
        align_up(end, kMiB) / kMiB));
}

}  // namespace

Result<PlacedKernel> place_kernel(GuestMemory& memory, MemoryPlan& plan, const KernelImage& kernel,
                                  const std::vector<EntryChoice>& choices) {
    EntryChoice choice = choices.front();
    std::uint64_t displacement = 0;
    if (choice.form == EntryForm::kElf) {
        // Where there is no place at all, loading as linked says what is in the way.
        const auto fitting =
            std::find_if(choices.begin(), choices.end(), [&](const EntryChoice& candidate) {
                if (candidate.form != EntryForm::kElf) {
                    return false;
                }
                const auto found = find_displacement(plan, kernel, candidate.protocol);
                displacement = found.value_or(0);
                return found.has_value();
            });
        if (fitting == choices.end()) {
            SKIFF_RETURN_IF_ERROR(check_memory_size(plan, memory, kernel));
        } else {
            choice = *fitting;
        }
    }
    auto placed = choice.form == EntryForm::kElf
                      ? place_elf(memory, plan, kernel, choice.protocol, displacement)
                      : place_as_is(memory, plan, kernel, choice.protocol);
    if (placed.ok() && placed->entry >= kIdentityMapEnd) {
        return Error::user(fmt::format("'{}' cannot be booted: its entry {:#x} is above 4 GiB",
                                       kernel.file.name(), placed->entry));
    }
    return placed;
}

}  // namespace skiff::boot::x86_64
