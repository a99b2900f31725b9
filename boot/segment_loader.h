// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/file.h"
#include "base/guest_address.h"
#include "base/guest_memory.h"
#include "base/result.h"

namespace skiff::boot {

/// A part of a file that becomes guest memory; what lies behind file_size reads as zero.
struct FileSegment {
    std::uint64_t file_offset = 0;
    std::uint64_t file_size = 0;
    GuestAddress address;
    std::uint64_t memory_size = 0;  ///< At least file_size.
};

enum class LoadMethod { kCopied, kMapped };

/// Puts a segment into guest RAM, which is fresh (all zero) there and has been claimed in the
/// MemoryPlan. Whole pages are mapped copy-on-write where file offset and address agree modulo the
/// page size and the RAM allows it; partial pages at the ends, and everything else, are copied.
/// Answers which of both it was for the bulk. Errors name the file.
Result<LoadMethod> load_segment(GuestMemory& memory, const File& file, const FileSegment& segment);

}  // namespace skiff::boot
