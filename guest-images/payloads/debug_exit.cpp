// SPDX-License-Identifier: Apache-2.0
// Writes `value=` to the debug exit port (`port=`, `width=` 1, 2 or 4 bytes). Where there is none
// it goes on and powers off with status 3.
#include "runtime/boot_info.h"
#include "runtime/console.h"
#include "runtime/io_port.h"
#include "runtime/machine_exit.h"
#include "runtime/run_payload.h"

std::uint8_t payload::run() {
    const auto port = static_cast<std::uint16_t>(option("port", std::uint64_t{kDebugExitPort}));
    const std::uint64_t value = option("value", std::uint64_t{0});
    const std::uint64_t width = option("width", std::uint64_t{4});
    print("debug exit with ", value, "\n");
    if (width == 1) {
        out8(port, static_cast<std::uint8_t>(value));
    } else if (width == 2) {
        out16(port, static_cast<std::uint16_t>(value));
    } else {
        out32(port, static_cast<std::uint32_t>(value));
    }
    print("still here\n");
    return 3;
}
