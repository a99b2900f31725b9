// SPDX-License-Identifier: Apache-2.0
// The set-up header of a bzImage: its promises about what it checked, and the payload behind it.
#include "base/units.h"
#include "boot/bzimage.h"
#include "fuzz_target.h"

namespace {

void require(bool condition) {
    if (!condition) {
        __builtin_trap();
    }
}

bool is_power_of_two(std::uint64_t value) {
    return value != 0 && (value & (value - 1)) == 0;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto file = skiff::fuzz::file_of(data, size);
    if (!file.has_value()) {
        return 0;
    }
    const auto image = skiff::boot::parse_bzimage(*file);
    if (!image.ok()) {
        return 0;
    }
    require(file->contains(image->protected_mode_offset, image->protected_mode_size));
    require(file->contains(image->payload_offset, image->payload_size));
    require(is_power_of_two(image->alignment) && is_power_of_two(image->min_alignment));
    require(image->min_alignment <= image->alignment);
    const auto unpacked = skiff::boot::unpack_payload(*file, *image, 4 * skiff::kMiB);
    require(!unpacked.ok() || !unpacked->has_value() ||
            (*unpacked)->size_bytes() <= 4 * skiff::kMiB);
    return 0;
}
