// SPDX-License-Identifier: Apache-2.0
#include "runtime/run_payload.h"

#include "runtime/boot_info.h"
#include "runtime/console.h"
#include "runtime/interrupts.h"
#include "runtime/machine_exit.h"

/// Where start.S goes to on the boot processor.
extern "C" void run_payload() {
    payload::read_boot_info();
    payload::set_up_interrupts();
    payload::set_up_console();
    payload::power_off(payload::run());
}
