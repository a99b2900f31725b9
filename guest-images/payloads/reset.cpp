// SPDX-License-Identifier: Apache-2.0
// Resets the machine: `by=i8042` (command 0xfe at port 0x64), `by=power_control` (the FADT's reset
// register) or `by=port_cf9` (PCI reset control, which this machine has not: it goes on and says
// so). `status=` is written to the power control's exit status first.
#include "runtime/boot_info.h"
#include "runtime/console.h"
#include "runtime/io_port.h"
#include "runtime/machine_exit.h"
#include "runtime/run_payload.h"

namespace payload {
namespace {

constexpr std::uint16_t kPciResetControl = 0xcf9;

}  // namespace

std::uint8_t run() {
    const Text by = option("by", "i8042");
    const std::uint64_t status = option("status", std::uint64_t{0});
    print("resetting by ", by, "\n");
    out8(kPowerExitStatus, static_cast<std::uint8_t>(status));
    if (by == text("i8042")) {
        out8(kI8042CommandPort, kI8042ResetCommand);
    } else if (by == text("power_control")) {
        out8(kPowerReset, kResetValue);
    } else if (by == text("port_cf9")) {
        out8(kPciResetControl, 0x06);
    }
    print("still here\n");
    return 3;
}

}  // namespace payload
