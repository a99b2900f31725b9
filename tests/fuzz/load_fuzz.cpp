// SPDX-License-Identifier: Apache-2.0
// The whole loader, with the input as kernel and as initrd: whatever it is, the ranges that belong
// to the firmware tables stay untouched, but for the handlers that a bare image finds there.
#include <algorithm>
#include <vector>

#include "base/guest_memory.h"
#include "base/units.h"
#include "boot/x86_64/boot_loader.h"
#include "boot/x86_64/real_mode_vectors.h"
#include "fuzz_target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto file = skiff::fuzz::file_of(data, size);
    const skiff::GuestRange ram[] = {{skiff::GuestAddress(0), 24 * skiff::kMiB}};
    auto memory = skiff::GuestMemory::create(ram, {});
    if (!file.has_value() || !memory.ok() || size == 0) {
        return 0;
    }
    skiff::boot::BootRequest request;
    request.kernel_path = skiff::fuzz::path_of(*file);
    request.initrd_path = request.kernel_path;
    request.cmdline = "console=ttyS0";
    request.protocol = static_cast<skiff::boot::EntryProtocol>(data[size - 1] & 3);
    const auto loaded = skiff::boot::x86_64::load(*memory, request);

    constexpr std::uint64_t kReserved = 0x9fc00;
    if (loaded.ok() && loaded->expects_firmware) {
        const auto& handlers = skiff::boot::x86_64::kRealModeHandlers;
        const std::vector<std::uint8_t> nothing(handlers.size_bytes);
        if (!memory->write(handlers.start, nothing)) {
            __builtin_trap();
        }
    }
    std::vector<std::uint8_t> reserved(skiff::kMiB - kReserved);
    if (!memory->read(skiff::GuestAddress(kReserved), reserved) ||
        std::any_of(reserved.begin(), reserved.end(), [](auto byte) { return byte != 0; })) {
        __builtin_trap();
    }
    return 0;
}
