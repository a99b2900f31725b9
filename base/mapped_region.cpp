// SPDX-License-Identifier: Apache-2.0
#include "base/mapped_region.h"

#include <sys/mman.h>

#include "base/check.h"

namespace skiff {

void MappedRegion::reset() {
    if (address_ != nullptr) {
        SKIFF_CHECK(::munmap(address_, size_bytes_) == 0);
        address_ = nullptr;
        size_bytes_ = 0;
    }
}

}  // namespace skiff
