// SPDX-License-Identifier: Apache-2.0
// Starts every application processor; each reports the id in its APIC and in CPUID. The number to
// wait for comes from `cpus=`, else from the MP table.
#include "runtime/boot_info.h"
#include "runtime/console.h"
#include "runtime/local_apic.h"
#include "runtime/multiprocessor.h"
#include "runtime/processor.h"
#include "runtime/run_payload.h"

namespace payload {
namespace {

constexpr std::uint32_t kIdCount = 256;
std::uint8_t processors_with_id[kIdCount];
std::uint32_t cpuid_disagrees = 0;

void report_processor(std::uint32_t) {
    const std::uint32_t id = local_apic::id();
    __atomic_fetch_add(&processors_with_id[id], 1, __ATOMIC_RELAXED);
    if (cpuid(1).ebx >> 24 != id) {
        __atomic_fetch_add(&cpuid_disagrees, 1, __ATOMIC_RELAXED);
    }
}

}  // namespace

std::uint8_t run() {
    const std::uint32_t in_table = processors_in_mp_table();
    const auto processors = static_cast<std::uint32_t>(option("cpus", std::uint64_t{in_table}));
    print("MP table lists ", in_table, " processors\n");
    if (processors == 0) {
        print("no MP table and no cpus= on the command line\n");
        return 1;
    }
    report_processor(0);
    start_application_processors(report_processor);
    const bool all_came = wait_for_application_processors(processors - 1);

    std::uint32_t distinct = 0;
    print("APIC ids:");
    for (std::uint32_t id = 0; id < kIdCount; ++id) {
        if (processors_with_id[id] != 0) {
            print(" ", id);
            ++distinct;
        }
    }
    print("\nprocessors running: ", application_processors_done() + 1, ", distinct ids: ", distinct,
          ", CPUID disagrees: ", cpuid_disagrees, "\n");
    return all_came && distinct == processors ? 0 : 1;
}

}  // namespace payload
