// SPDX-License-Identifier: Apache-2.0
// Never ends: `mode=halt` sleeps with interrupts off, `mode=spin` keeps the processor busy.
#include "runtime/boot_info.h"
#include "runtime/console.h"
#include "runtime/processor.h"
#include "runtime/run_payload.h"

std::uint8_t payload::run() {
    const bool spin = option("mode", "halt") == text("spin");
    print("hanging\n");
    while (true) {
        if (spin) {
            relax();
        } else {
            halt();
        }
    }
}
