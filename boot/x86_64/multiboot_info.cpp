// SPDX-License-Identifier: Apache-2.0
#include "boot/x86_64/multiboot_info.h"

#include <cstddef>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "boot/x86_64/low_memory.h"
#include "boot/x86_64/memory_map.h"

namespace skiff::boot::x86_64 {
namespace {

constexpr std::uint64_t kInfoAlignment = 16;
constexpr const char* kLoaderName = "skiff";

/// The structure and what follows it, put together before its place is known: the pointers are
/// offsets until then.
class Block {
  public:
    template <typename T>
    std::uint32_t add(const T& value) {
        return add_bytes(&value, sizeof value);
    }
    std::uint32_t add_text(const std::string& text) {
        return add_bytes(text.c_str(), text.size() + 1);
    }
    std::uint32_t size() const { return static_cast<std::uint32_t>(bytes_.size()); }
    std::vector<std::uint8_t>& bytes() { return bytes_; }

  private:
    std::uint32_t add_bytes(const void* data, std::size_t size) {
        const std::uint32_t offset = this->size();
        const auto* const first = static_cast<const std::uint8_t*>(data);
        bytes_.insert(bytes_.end(), first, first + size);
        return offset;
    }

    std::vector<std::uint8_t> bytes_;
};

std::uint32_t upper_memory_kib(const std::vector<MemoryMapEntry>& map) {
    for (const MemoryMapEntry& entry : map) {
        if (entry.type == MemoryType::kRam && entry.range.start.value() == kHighRamStart) {
            return static_cast<std::uint32_t>(entry.range.size_bytes / kKiB);
        }
    }
    return 0;
}

}  // namespace

Result<std::uint64_t> write_multiboot_info(GuestMemory& memory, MemoryPlan& plan,
                                           const std::string& cmdline,
                                           std::span<const LoadedModule> modules) {
    const std::vector<MemoryMapEntry> map = make_memory_map(memory);
    MultibootInfo info{};
    info.flags = kInfoMemory | kInfoCmdline | kInfoModules | kInfoMemoryMap | kInfoBootLoaderName;
    info.mem_lower = kLowRamEnd / kKiB;
    info.mem_upper = upper_memory_kib(map);

    Block block;
    block.add(info);
    info.mmap_addr = block.size();
    for (const MemoryMapEntry& entry : map) {
        block.add(MultibootMemoryRange{sizeof(MultibootMemoryRange) - sizeof(std::uint32_t),
                                       entry.range.start.value(), entry.range.size_bytes,
                                       static_cast<std::uint32_t>(entry.type)});
    }
    info.mmap_length = block.size() - info.mmap_addr;
    info.mods_addr = block.size();
    info.mods_count = static_cast<std::uint32_t>(modules.size());
    for (const LoadedModule& module : modules) {
        block.add(MultibootModule{static_cast<std::uint32_t>(module.range.start.value()),
                                  static_cast<std::uint32_t>(module.range.end()), 0, 0});
    }
    info.cmdline = block.add_text(cmdline);
    info.boot_loader_name = block.add_text(kLoaderName);
    std::vector<std::uint32_t> strings;
    strings.reserve(modules.size());
    for (const LoadedModule& module : modules) {
        strings.push_back(block.add_text(module.string));
    }

    SKIFF_ASSIGN_OR_RETURN(const GuestAddress place,
                           claim_low(plan, "the Multiboot information", block.size(),
                                     kInfoAlignment, kStartInfoAddress));
    const auto base = static_cast<std::uint32_t>(place.value());
    for (std::size_t i = 0; i < strings.size(); ++i) {
        const std::uint32_t string = base + strings[i];
        std::memcpy(block.bytes().data() + info.mods_addr + i * sizeof(MultibootModule) +
                        offsetof(MultibootModule, string),
                    &string, sizeof string);
    }
    for (std::uint32_t* const pointer :
         {&info.mmap_addr, &info.mods_addr, &info.cmdline, &info.boot_loader_name}) {
        *pointer += base;
    }
    std::memcpy(block.bytes().data(), &info, sizeof info);
    SKIFF_CHECK(memory.write(place, block.bytes()));
    return place.value();
}

}  // namespace skiff::boot::x86_64
