// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Guest memory beyond the payload's image, handed out page by page and never taken back.
namespace payload {

constexpr std::uint64_t kPageSize = 4096;

/// `count` contiguous pages that nothing has written yet, from 16 MiB up in the RAM range of PVH's
/// memory map that holds that address; 0 where it has not so many left.
std::uint64_t allocate_pages(std::uint64_t count);

/// The address after the RAM range that allocate_pages() takes from.
std::uint64_t pool_end();

}  // namespace payload
