// SPDX-License-Identifier: Apache-2.0
// Says on the console what a panicking Linux says, then resets as `panic=-1` does (`then=halt`:
// stops for ever, as without that parameter).
#include "runtime/boot_info.h"
#include "runtime/console.h"
#include "runtime/io_port.h"
#include "runtime/machine_exit.h"
#include "runtime/processor.h"
#include "runtime/run_payload.h"

std::uint8_t payload::run() {
    print("[    0.123456] Kernel panic - not syncing: a test\n",
          "[    0.123457] CPU: 0 PID: 1 Comm: init\n",
          "[    0.123458] ---[ end Kernel panic - not syncing: a test ]---\n");
    if (option("then", "reset") == text("halt")) {
        while (true) {
            halt();
        }
    }
    out8(kI8042CommandPort, kI8042ResetCommand);
    print("still here\n");
    return 3;
}
