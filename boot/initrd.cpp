// SPDX-License-Identifier: Apache-2.0
#include "boot/initrd.h"

#include <fmt/format.h>

#include "base/units.h"

namespace skiff::boot {

Result<PlacedInitrd> place_initrd(GuestMemory& memory, MemoryPlan& plan, const File& file,
                                  std::uint64_t highest_byte) {
    const std::uint64_t size = file.size_bytes();
    if (size == 0) {
        return Error::user("initrd '" + file.name() + "' is empty");
    }
    // Whole pages, so that nothing else shares its last one; a file's size is far below 2^63.
    const std::uint64_t whole_pages = align_up(size, kPageSize);
    const auto address = plan.find_highest(whole_pages, kPageSize, highest_byte + 1);
    if (!address.has_value()) {
        return Error::user(fmt::format(
            "initrd '{}' ({}) does not fit into guest memory: no free place of its size below "
            "{:#x}, where the kernel wants it to end; give the guest more memory or a smaller "
            "initrd",
            file.name(), format_size(size), highest_byte + 1));
    }
    SKIFF_RETURN_IF_ERROR(plan.claim("initrd", {*address, whole_pages}));

    const FileSegment segment{0, size, *address, whole_pages};
    SKIFF_ASSIGN_OR_RETURN(const LoadMethod method, load_segment(memory, file, segment));
    return PlacedInitrd{{*address, size}, method};
}

}  // namespace skiff::boot
