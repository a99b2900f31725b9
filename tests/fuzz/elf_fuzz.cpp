// SPDX-License-Identifier: Apache-2.0
// ELF headers and notes, and the symbol table of the same file.
#include "boot/elf.h"
#include "boot/symbols.h"
#include "fuzz_target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto file = skiff::fuzz::file_of(data, size);
    if (!file.has_value()) {
        return 0;
    }
    const auto image = skiff::boot::parse_elf(*file);
    if (image.ok() && image->end_address() < image->lowest_address()) {
        __builtin_trap();
    }
    const auto symbols = skiff::boot::SymbolTable::load(skiff::fuzz::path_of(*file));
    if (symbols.ok()) {
        static_cast<void>(symbols->find(0x1000));
        static_cast<void>(symbols->find(~0ULL));
    }
    return 0;
}
