// SPDX-License-Identifier: Apache-2.0
// Prints its module (-i FILE) on the serial port: whatever a test wants a guest to have said. Then
// it powers off (`then=off`), stops for ever (`then=halt`), resets (`then=reset`) or prints dots
// for ever (`then=dots`).
#include "runtime/boot_info.h"
#include "runtime/console.h"
#include "runtime/io_port.h"
#include "runtime/machine_exit.h"
#include "runtime/processor.h"
#include "runtime/run_payload.h"

namespace {

void print_module() {
    const payload::StartInfo* const info = payload::start_info();
    if (info == nullptr || info->module_count == 0) {
        payload::print("no module\n");
        return;
    }
    const auto* const module = reinterpret_cast<const payload::Module*>(info->module_list_address);
    payload::print(payload::Text{reinterpret_cast<const char*>(module->address), module->size});
}

}  // namespace

std::uint8_t payload::run() {
    print_module();
    const Text then = option("then", "off");
    if (then == text("reset")) {
        out8(kI8042CommandPort, kI8042ResetCommand);
    }
    while (then != text("off")) {
        if (then == text("dots")) {
            print(".");
        } else {
            halt();
        }
    }
    return 0;
}
