// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/file.h"
#include "base/result.h"

namespace skiff::boot {

/// A copy of the wire struct at `offset` of a file. Its content is as little trusted as the file.
template <typename T>
Result<T> read_struct(const File& file, std::uint64_t offset) {
    T value{};
    SKIFF_RETURN_IF_ERROR(
        file.read(offset, {reinterpret_cast<std::uint8_t*>(&value), sizeof value}));
    return value;
}

}  // namespace skiff::boot
