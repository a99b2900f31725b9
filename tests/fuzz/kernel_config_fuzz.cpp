// SPDX-License-Identifier: Apache-2.0
// The configuration inside of a kernel: an ELF file with gzip data between marks.
#include "boot/kernel_config.h"
#include "boot/kernel_wishes.h"
#include "fuzz_target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace skiff;
    // The text alone, then the input as a kernel around it.
    auto text = boot::KernelConfig::parse({data, data + size}, "input");
    if (text.has_value()) {
        static_cast<void>(boot::describe(boot::kernel_lacks(*text, boot::all_kernel_wishes())));
    }
    auto file = fuzz::file_of(data, size);
    if (!file.has_value()) {
        return 0;
    }
    boot::KernelImage kernel{*std::move(file), {}, {}, {}, {}, {}};
    auto elf = boot::parse_elf(kernel.file);
    if (!elf.ok()) {
        return 0;
    }
    kernel.elf = *std::move(elf);
    static_cast<void>(boot::embedded_kernel_config(kernel));
    return 0;
}
