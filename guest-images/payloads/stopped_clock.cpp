// SPDX-License-Identifier: Apache-2.0
// Watches KVM's clock until it says that the VM was stopped for a while. Without that it never
// ends.
#include "runtime/console.h"
#include "runtime/kvm_clock.h"
#include "runtime/processor.h"
#include "runtime/run_payload.h"

namespace payload {

std::uint8_t run() {
    if (!kvm_clock::set_up()) {
        print("no KVM clock\n");
        return 1;
    }
    print(kvm_clock::has_been_stopped() ? "stopped already\n" : "never stopped\n");
    while (!kvm_clock::has_been_stopped()) {
        relax();
    }
    print("stopped for a while\n");
    return 0;
}

}  // namespace payload
