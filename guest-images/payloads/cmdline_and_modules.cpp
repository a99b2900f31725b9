// SPDX-License-Identifier: Apache-2.0
// Prints what PVH's start info holds: command line, modules with size and FNV-1a checksum, RSDP.
// `wait=1`: looks at the modules only when a byte of input has come.
#include "runtime/boot_info.h"
#include "runtime/checksum.h"
#include "runtime/console.h"
#include "runtime/io_port.h"
#include "runtime/memory_access.h"
#include "runtime/run_payload.h"
#include "runtime/serial_registers.h"

std::uint8_t payload::run() {
    const StartInfo* info = start_info();
    if (info == nullptr) {
        print("not entered by PVH\n");
        return 1;
    }
    print("start info version ", std::uint64_t{info->version}, " modules ",
          std::uint64_t{info->module_count}, "\n");
    print("command line: ", command_line(), "\n");
    if (option("wait", std::uint64_t{0}) != 0) {
        print("waiting for a byte\n");
        while ((in8(kSerialPort + serial::kLineStatus) & serial::kDataReady) == 0) {
        }
    }
    const auto* modules = reinterpret_cast<const Module*>(info->module_list_address);
    for (std::uint32_t i = 0; i < info->module_count; ++i) {
        Checksum checksum;
        for (std::uint64_t offset = 0; offset < modules[i].size; ++offset) {
            checksum.add(load<std::uint8_t>(modules[i].address + offset));
        }
        print("module ", std::uint64_t{i}, " address ", Hex{modules[i].address}, " size ",
              modules[i].size, " checksum ", Hex{checksum.value(), 8}, "\n");
    }
    print("rsdp ", Hex{info->rsdp_address}, "\n");
    if (info->rsdp_address != 0) {
        print("rsdp signature ", Text{reinterpret_cast<const char*>(info->rsdp_address), 8}, "\n");
    }
    return 0;
}
