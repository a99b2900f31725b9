// SPDX-License-Identifier: Apache-2.0
// Waits for the power button: the generic event device's interrupt (GSI 9, edge), then EVENT of the
// power control, which reads as set once and clear after. `ignore=1` notices it and stays up, as a
// guest without a handler would.
#include "runtime/boot_info.h"
#include "runtime/expect.h"
#include "runtime/interrupts.h"
#include "runtime/io_apic.h"
#include "runtime/io_port.h"
#include "runtime/local_apic.h"
#include "runtime/machine_exit.h"
#include "runtime/processor.h"
#include "runtime/run_payload.h"

namespace payload {
namespace {

constexpr std::uint8_t kEventPin = 9;
constexpr std::uint8_t kEventVector = 0x49;
volatile std::uint32_t interrupts = 0;

}  // namespace

std::uint8_t run() {
    const bool ignore = option("ignore", std::uint64_t{0}) != 0;
    io_apic::mask_legacy_controllers();
    local_apic::enable();
    set_interrupt_handler(kEventVector, [](InterruptFrame&) {
        interrupts = interrupts + 1;
        local_apic::end_of_interrupt();
    });
    io_apic::route(kEventPin, kEventVector);
    print("waiting for the power button\n");
    while (true) {
        const std::uint32_t before = interrupts;
        while (interrupts == before) {
            wait_for_interrupt();
        }
        print("interrupt ", std::uint64_t{interrupts}, "\n");
        if (ignore) {
            continue;
        }
        Expectations expect;
        expect.equal("event", in8(kPowerEvent), kEventPowerButton);
        expect.equal("event, read again", in8(kPowerEvent), 0);
        return expect.verdict();
    }
}

}  // namespace payload
