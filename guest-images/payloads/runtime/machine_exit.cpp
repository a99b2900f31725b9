// SPDX-License-Identifier: Apache-2.0
#include "runtime/machine_exit.h"

#include "runtime/io_port.h"

namespace payload {

void triple_fault() {
    struct [[gnu::packed]] {
        std::uint16_t limit = 0;
        std::uint64_t base = 0;
    } no_table;
    while (true) {
        asm volatile("lidt %0; ud2" : : "m"(no_table));
    }
}

void power_off(std::uint8_t status) {
    out8(kPowerExitStatus, status);
    out8(kPowerSleepControl, kSleepS5);
    out32(kDebugExitPort, status);
    out8(kI8042CommandPort, kI8042ResetCommand);
    triple_fault();
}

}  // namespace payload
