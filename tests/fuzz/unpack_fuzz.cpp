// SPDX-License-Identifier: Apache-2.0
// Packed data: never more comes out than there is room for.
#include <vector>

#include "boot/compression.h"
#include "fuzz_target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span input(data, size);
    const auto compression = skiff::boot::identify_compression(input);
    if (!compression.has_value()) {
        return 0;
    }
    std::vector<std::uint8_t> output(64 * 1024);
    const auto unpacked = skiff::boot::unpack(*compression, input, output);
    if (unpacked.ok() && unpacked->size_bytes > output.size()) {
        __builtin_trap();
    }
    return 0;
}
