// SPDX-License-Identifier: Apache-2.0
// Says to the boot timer that it is up, after a word that is not the one for it; twice.
#include "runtime/memory_access.h"
#include "runtime/run_payload.h"

std::uint8_t payload::run() {
    constexpr std::uint64_t kBootTimer = 0xc0000000;
    constexpr std::uint8_t kBooted = 123;
    if (!map_gibibyte(kBootTimer)) {
        return 1;
    }
    store<std::uint8_t>(kBootTimer, kBooted - 1);
    store<std::uint8_t>(kBootTimer, kBooted);
    store<std::uint8_t>(kBootTimer, kBooted);
    return 0;
}
