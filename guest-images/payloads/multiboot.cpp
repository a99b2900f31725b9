// SPDX-License-Identifier: Apache-2.0
// Entered by Multiboot: prints what the information structure says, in the words of
// cmdline_and_modules and linux64. `exit=V`: ends through the debug exit port.
#include "runtime/boot_info.h"
#include "runtime/checksum.h"
#include "runtime/console.h"
#include "runtime/io_port.h"
#include "runtime/machine_exit.h"
#include "runtime/memory_access.h"
#include "runtime/run_payload.h"

namespace payload {
namespace {

struct Module {
    std::uint32_t start, end, string, reserved;
};

void print_memory_map(const MultibootInfo& info) {
    constexpr unsigned kMostEntries = 64;
    std::uint64_t entry = info.mmap_addr;
    const std::uint64_t end = entry + info.mmap_length;
    for (unsigned i = 0; i < kMostEntries && entry < end; ++i) {
        print("memory ", Hex{load<std::uint64_t>(entry + 4), 9}, " size ",
              Hex{load<std::uint64_t>(entry + 12), 9}, " type ",
              std::uint64_t{load<std::uint32_t>(entry + 20)}, "\n");
        entry += load<std::uint32_t>(entry) + sizeof(std::uint32_t);
    }
}

void print_modules(const MultibootInfo& info) {
    const auto* modules =
        reinterpret_cast<const Module*>(static_cast<std::uint64_t>(info.mods_addr));
    for (std::uint32_t i = 0; i < info.mods_count; ++i) {
        Checksum checksum;
        for (std::uint64_t address = modules[i].start; address < modules[i].end; ++address) {
            checksum.add(load<std::uint8_t>(address));
        }
        print("module ", std::uint64_t{i}, " address ", Hex{modules[i].start}, " size ",
              std::uint64_t{modules[i].end - modules[i].start}, " checksum ",
              Hex{checksum.value(), 8}, "\n");
        print("module ", std::uint64_t{i}, " string: ",
              reinterpret_cast<const char*>(static_cast<std::uint64_t>(modules[i].string)), "\n");
    }
}

}  // namespace

std::uint8_t run() {
    const MultibootInfo* info = multiboot();
    if (info == nullptr) {
        print("not entered by Multiboot\n");
        return 1;
    }
    print("multiboot flags ", Hex{info->flags}, " lower ", std::uint64_t{info->mem_lower},
          " upper ", std::uint64_t{info->mem_upper}, "\n");
    print("command line: ", command_line(), "\n");
    print_memory_map(*info);
    print_modules(*info);
    const std::uint64_t none = 256;
    if (const std::uint64_t value = option("exit", none); value != none) {
        out32(kDebugExitPort, static_cast<std::uint32_t>(value));
    }
    return 0;
}

}  // namespace payload
