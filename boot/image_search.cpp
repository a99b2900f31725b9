// SPDX-License-Identifier: Apache-2.0
#include "boot/image_search.h"

#include <algorithm>

#include "base/units.h"

namespace skiff::boot {
namespace {

constexpr std::uint64_t kPieceBytes = 1 * kMiB;
constexpr std::string_view kBanner = "Linux version ";

}  // namespace

Result<void> search_segments(
    const KernelImage& kernel,
    const std::function<bool(std::uint64_t offset, std::string_view piece)>& found) {
    const File& file = kernel.elf_file();
    for (const ElfSegment& segment : kernel.elf->segments) {
        for (std::uint64_t at = 0; at < segment.file_size; at += kPieceBytes) {
            const std::uint64_t offset = segment.file_offset + at;
            const std::uint64_t size =
                std::min(kPieceBytes + kSearchOverlapBytes, segment.file_size - at);
            SKIFF_ASSIGN_OR_RETURN(const auto piece, file.read_up_to(offset, size));
            if (found(offset, {reinterpret_cast<const char*>(piece.data()), piece.size()})) {
                return {};
            }
        }
    }
    return {};
}

std::string linux_banner_in(std::string_view text) {
    for (std::size_t at = text.find(kBanner); at != std::string_view::npos;
         at = text.find(kBanner, at + 1)) {
        const std::string_view rest = text.substr(at + kBanner.size(), kSearchOverlapBytes / 2);
        const std::size_t end = rest.find_first_of(std::string_view("\n\0", 2));
        if (!rest.empty() && rest[0] >= '0' && rest[0] <= '9' && end != std::string_view::npos) {
            std::string line(rest.substr(0, end));
            std::replace_if(
                line.begin(), line.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
            return line;
        }
    }
    return {};
}

}  // namespace skiff::boot
