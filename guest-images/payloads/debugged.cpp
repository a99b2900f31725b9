// SPDX-License-Identifier: Apache-2.0
// Something to look at with a debugger: nested calls, a counter, and flags that only a debugger
// sets. `mode=spin` works until `released` is set; `mode=calls`, the default, calls a few times and
// ends with `status`. Every further processor counts in `others` until then.
#include <cstdint>

#include "runtime/boot_info.h"
#include "runtime/console.h"
#include "runtime/multiprocessor.h"
#include "runtime/processor.h"
#include "runtime/run_payload.h"

extern "C" {
// Names without a namespace, so that scripts type them easily.
volatile std::uint64_t counter = 0;
volatile std::uint64_t released = 0;
volatile std::uint64_t others = 0;
volatile std::uint8_t status = 0;
volatile std::uint8_t pattern[4096];

[[gnu::noinline]] std::uint64_t innermost(std::uint64_t value) {
    counter = counter + value;
    return counter;
}

[[gnu::noinline]] std::uint64_t middle(std::uint64_t value) {
    return innermost(value + 1) + 1;
}

[[gnu::noinline]] std::uint64_t outer(std::uint64_t value) {
    return middle(value + 1) + 1;
}
}

namespace payload {
namespace {

void count(std::uint32_t) {
    while (released == 0) {
        others = others + 1;
    }
}

void spin() {
    print("spinning\n");
    while (released == 0) {
        outer(1);
        relax();
    }
}

}  // namespace

std::uint8_t run() {
    if (option("cpus", std::uint64_t{1}) > 1) {
        start_application_processors(count);
    }
    if (option("mode", "calls") == text("spin")) {
        spin();
    } else {
        for (std::uint64_t i = 1; i <= 3; ++i) {
            print("result ", outer(10 * i), "\n");
        }
    }
    print("ends\n");
    return status;
}

}  // namespace payload
