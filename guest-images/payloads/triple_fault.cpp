// SPDX-License-Identifier: Apache-2.0
// An exception with no interrupt table.
#include "runtime/console.h"
#include "runtime/machine_exit.h"
#include "runtime/run_payload.h"

std::uint8_t payload::run() {
    print("about to fault\n");
    triple_fault();
}
