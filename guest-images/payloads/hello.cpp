// SPDX-License-Identifier: Apache-2.0
// The first byte comes from hello_entry.S, the rest of the line from 64-bit code.
#include "runtime/console.h"
#include "runtime/run_payload.h"

std::uint8_t payload::run() {
    print("ello from a freestanding guest\n");
    return 0;
}
