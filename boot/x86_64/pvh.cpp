// SPDX-License-Identifier: Apache-2.0
#include "boot/x86_64/pvh.h"

#include <vector>

#include "base/check.h"
#include "boot/x86_64/low_memory.h"
#include "boot/x86_64/memory_map.h"

namespace skiff::boot::x86_64 {
namespace {

GuestAddress offset_address(GuestAddress base, std::uint64_t offset) {
    return GuestAddress(base.value() + offset);
}

}  // namespace

Result<std::uint64_t> write_start_info(GuestMemory& memory, MemoryPlan& plan,
                                       const BootData& data) {
    const GuestAddress module_address = offset_address(kStartInfoAddress, sizeof(HvmStartInfo));
    const GuestAddress map_address = offset_address(module_address, sizeof(HvmModule));
    std::vector<HvmMemmapEntry> map;
    for (const MemoryMapEntry& entry : make_memory_map(memory)) {
        map.push_back({entry.range.start.value(), entry.range.size_bytes,
                       static_cast<std::uint32_t>(entry.type), 0});
    }
    const std::uint64_t map_bytes = map.size() * sizeof(HvmMemmapEntry);
    const std::uint64_t size = sizeof(HvmStartInfo) + sizeof(HvmModule) + map_bytes;
    SKIFF_RETURN_IF_ERROR(plan.claim("the PVH start info", {kStartInfoAddress, size}));

    HvmStartInfo info{};
    info.magic = kHvmStartMagic;
    info.version = kHvmStartVersion;
    info.cmdline_paddr = data.cmdline.value();
    info.rsdp_paddr = data.rsdp_address.value_or(0);
    info.memmap_paddr = map_address.value();
    info.memmap_entries = static_cast<std::uint32_t>(map.size());
    if (data.initrd.has_value()) {
        info.nr_modules = 1;
        info.modlist_paddr = module_address.value();
        const HvmModule module{data.initrd->start.value(), data.initrd->size_bytes, 0, 0};
        SKIFF_CHECK(memory.write(module_address, module));
    }
    SKIFF_CHECK(memory.write(kStartInfoAddress, info));
    for (std::size_t i = 0; i < map.size(); ++i) {
        SKIFF_CHECK(memory.write(offset_address(map_address, i * sizeof map[i]), map[i]));
    }
    return kStartInfoAddress.value();
}

}  // namespace skiff::boot::x86_64
