// SPDX-License-Identifier: Apache-2.0
// Powers off by ACPI's sleep control register with `status=` as exit status. `by=mmio` uses the
// power control's memory-mapped page instead of its ports.
#include "runtime/boot_info.h"
#include "runtime/console.h"
#include "runtime/machine_exit.h"
#include "runtime/memory_access.h"
#include "runtime/run_payload.h"

namespace payload {
namespace {

constexpr std::uint64_t kPowerControlPage = 0xfe000000;

}  // namespace

std::uint8_t run() {
    const auto status = static_cast<std::uint8_t>(option("status", std::uint64_t{0}));
    print("powering off with status ", std::uint64_t{status}, "\n");
    if (option("by", "port") == text("mmio")) {
        store<std::uint8_t>(kPowerControlPage + (kPowerExitStatus - kPowerControlPort), status);
        store<std::uint8_t>(kPowerControlPage + (kPowerSleepControl - kPowerControlPort), kSleepS5);
        print("still here\n");
        return 3;
    }
    return status;
}

}  // namespace payload
