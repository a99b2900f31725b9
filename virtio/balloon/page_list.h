// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/guest_address.h"

namespace skiff::virtio::balloon {

/// The ranges that a list of page numbers makes up: in order, neighbours merged, each page once.
/// The numbers are the driver's and may be anything.
std::vector<GuestRange> merge_pages(std::vector<std::uint32_t> page_numbers);

}  // namespace skiff::virtio::balloon
