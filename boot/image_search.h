// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"
#include "boot/kernel_image.h"

/// Finding texts in what a kernel file brings into memory.
namespace skiff::boot {

/// Offers what the segments of the kernel's ELF file hold, piece by piece, until `found` answers
/// true; debug information and symbols are no part of it. `offset` is that of `piece` in
/// kernel.elf_file(). Pieces overlap, so that each text of up to kSearchOverlapBytes is whole in
/// one of them. Only with kernel.elf.
Result<void> search_segments(
    const KernelImage& kernel,
    const std::function<bool(std::uint64_t offset, std::string_view piece)>& found);

inline constexpr std::uint64_t kSearchOverlapBytes = 512;

/// "6.1.0 (who@where) …" behind "Linux version " up to its line's end, in printable ASCII; empty
/// where the text has none. The format string of the same words ("Linux version %s") does not
/// count.
std::string linux_banner_in(std::string_view text);

}  // namespace skiff::boot
