// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "boot/compression.h"

/// One function a library, behind unpack() (boot/compression.h), which has the contract.
namespace skiff::boot {

Result<Unpacked> unpack_gzip(std::span<const std::uint8_t> from, std::span<std::uint8_t> to);
Result<Unpacked> unpack_bzip2(std::span<const std::uint8_t> from, std::span<std::uint8_t> to);
Result<Unpacked> unpack_xz(std::span<const std::uint8_t> from, std::span<std::uint8_t> to);
Result<Unpacked> unpack_lzma(std::span<const std::uint8_t> from, std::span<std::uint8_t> to);
Result<Unpacked> unpack_zstd(std::span<const std::uint8_t> from, std::span<std::uint8_t> to);
Result<Unpacked> unpack_lz4_legacy(std::span<const std::uint8_t> from, std::span<std::uint8_t> to);

}  // namespace skiff::boot
