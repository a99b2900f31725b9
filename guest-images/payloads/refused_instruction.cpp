// SPDX-License-Identifier: Apache-2.0
// Executes one instruction that a KVM without hardware virtualization cannot emulate in supervisor
// mode: `instruction=fwait` or `popcnt`. On hardware it just works.
#include "runtime/boot_info.h"
#include "runtime/console.h"
#include "runtime/run_payload.h"

namespace payload {
namespace {

/// Of its own, so that a death report can name it.
[[gnu::noinline]] void execute_popcnt() {
    std::uint64_t value = 0xff;
    asm volatile("popcnt %0, %0" : "+r"(value));
}

[[gnu::noinline]] void execute_fwait() {
    asm volatile("fwait");
}

}  // namespace

std::uint8_t run() {
    const Text instruction = option("instruction", "fwait");
    print("about to execute ", instruction, "\n");
    if (instruction == text("popcnt")) {
        execute_popcnt();
    } else {
        execute_fwait();
    }
    print("executed\n");
    return 0;
}

}  // namespace payload
