// SPDX-License-Identifier: Apache-2.0
// What skiff inspect says of any file: printable text only.
#include "boot/inspect.h"

#include <algorithm>

#include "fuzz_target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto file = skiff::fuzz::file_of(data, size);
    if (!file.has_value()) {
        return 0;
    }
    const auto inspection = skiff::boot::inspect(skiff::fuzz::path_of(*file));
    if (!inspection.ok()) {
        return 0;
    }
    for (const auto& property : inspection->properties) {
        if (!std::all_of(property.value.begin(), property.value.end(),
                         [](char c) { return c >= ' ' && c <= '~'; })) {
            __builtin_trap();
        }
    }
    return 0;
}
