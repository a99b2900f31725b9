// SPDX-License-Identifier: Apache-2.0
#include "boot/segment_loader.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/units.h"

namespace skiff::boot {
namespace {

Result<void> copy_in(GuestMemory& memory, const File& file, std::uint64_t offset,
                     std::uint64_t size, std::uint64_t address) {
    if (size == 0) {
        return {};
    }
    const auto target = memory.host_span(GuestAddress(address), size);
    SKIFF_CHECK(target.has_value());
    return file.read(offset, *target);
}

}  // namespace

Result<LoadMethod> load_segment(GuestMemory& memory, const File& file, const FileSegment& segment) {
    SKIFF_CHECK(segment.file_size <= segment.memory_size);
    SKIFF_CHECK(memory.contains(segment.address, segment.memory_size));
    if (!file.contains(segment.file_offset, segment.file_size)) {
        return Error::user(
            fmt::format("'{}' is cut off: {} bytes at offset {:#x} are needed, it "
                        "has {} bytes",
                        file.name(), segment.file_size, segment.file_offset, file.size_bytes()));
    }
    const std::uint64_t start = segment.address.value();
    const std::uint64_t end = start + segment.file_size;
    const std::uint64_t first_page = align_up(start, kPageSize);
    const std::uint64_t pages_end = align_down(end, kPageSize);
    const bool congruent = is_aligned(start ^ segment.file_offset, kPageSize);
    if (!memory.can_map_files() || !congruent || first_page >= pages_end) {
        SKIFF_RETURN_IF_ERROR(copy_in(memory, file, segment.file_offset, segment.file_size, start));
        return LoadMethod::kCopied;
    }

    const auto offset_of = [&](std::uint64_t address) {
        return segment.file_offset + (address - start);
    };
    SKIFF_RETURN_IF_ERROR(copy_in(memory, file, segment.file_offset, first_page - start, start));
    SKIFF_RETURN_IF_ERROR(memory.map_file(GuestAddress(first_page), file.fd(),
                                          static_cast<off_t>(offset_of(first_page)),
                                          pages_end - first_page, file.name()));
    SKIFF_RETURN_IF_ERROR(copy_in(memory, file, offset_of(pages_end), end - pages_end, pages_end));
    return LoadMethod::kMapped;
}

}  // namespace skiff::boot
