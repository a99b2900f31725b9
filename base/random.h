// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace skiff {

/// Fills `bytes` with what nobody can guess, from the host's kernel.
void fill_random(std::span<std::uint8_t> bytes);

}  // namespace skiff
