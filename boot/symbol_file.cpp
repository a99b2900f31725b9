// SPDX-License-Identifier: Apache-2.0
#include "boot/symbol_file.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/file.h"
#include "boot/elf.h"

namespace skiff::boot {
namespace {

/// Another build of the same sources has its code elsewhere: its symbols would be lies.
bool has_same_segments(const ElfImage& a, const ElfImage& b) {
    return a.entry == b.entry &&
           std::equal(a.segments.begin(), a.segments.end(), b.segments.begin(), b.segments.end(),
                      [](const ElfSegment& x, const ElfSegment& y) {
                          return x.physical_address == y.physical_address &&
                                 x.virtual_address == y.virtual_address &&
                                 x.memory_size == y.memory_size && x.file_size == y.file_size;
                      });
}

}  // namespace

std::string symbol_file_of(const KernelImage& kernel) {
    const std::filesystem::path path(kernel.file.name());
    if (!kernel.bzimage.has_value() || !kernel.elf.has_value()) {
        return path.string();
    }
    std::vector<std::filesystem::path> places{path.parent_path() / "vmlinux"};
    if (path.filename() == "bzImage") {
        places.push_back(path.parent_path() / "../../../vmlinux");
    }
    for (const auto& place : places) {
        const auto file = File::open(place.string());
        if (!file.ok()) {
            continue;
        }
        const auto elf = parse_elf(*file);
        if (elf.ok() && has_same_segments(*elf, *kernel.elf)) {
            return place.lexically_normal().string();
        }
    }
    return path.string();
}

}  // namespace skiff::boot
