// SPDX-License-Identifier: Apache-2.0
#include "guest-init/guest_init.h"

extern "C" {
extern const std::uint8_t skiff_guest_init_begin[];  // NOLINT: an array of unknown size it is
extern const std::uint8_t skiff_guest_init_end[];    // NOLINT
}

namespace skiff {

std::span<const std::uint8_t> guest_init_program() {
    return {skiff_guest_init_begin, skiff_guest_init_end};
}

}  // namespace skiff
