// SPDX-License-Identifier: Apache-2.0
// Relocation tables behind an ELF, applied to a small image: nothing outside of it changes.
#include "base/guest_memory.h"
#include "base/units.h"
#include "boot/relocations.h"
#include "fuzz_target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto file = skiff::fuzz::file_of(data, size);
    const skiff::GuestRange ram[] = {{skiff::GuestAddress(0), 2 * skiff::kMiB}};
    auto memory = skiff::GuestMemory::create(ram, {});
    // read_relocations() is for files that parse_elf() accepted, so at least a header is there.
    if (!file.has_value() || !memory.ok() || size < 64) {
        return 0;
    }
    for (const bool is_64_bit : {true, false}) {
        const auto tables = skiff::boot::read_relocations(*file, is_64_bit);
        if (!tables.ok()) {
            continue;
        }
        skiff::boot::RelocationTarget target;
        target.virtual_offset = is_64_bit ? 0xffffffff80000000 : 0xc0000000;
        target.image = {skiff::GuestAddress(skiff::kMiB), skiff::kMiB};
        target.virtual_displacement = 0x200000;
        static_cast<void>(skiff::boot::apply_relocations(*memory, *tables, target));
        if (memory->read<std::uint64_t>(skiff::GuestAddress(skiff::kMiB - 8)) != 0U) {
            __builtin_trap();
        }
    }
    return 0;
}
