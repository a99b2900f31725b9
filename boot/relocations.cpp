// SPDX-License-Identifier: Apache-2.0
#include "boot/relocations.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "base/units.h"

namespace skiff::boot {
namespace {

/// A distribution's kernel has about 1 MiB of tables.
constexpr std::uint64_t kMaxTableBytes = 64 * kMiB;

Error bad_tables(const File& file, const std::string& flaw) {
    return Error::user("the relocation tables of " + file.name() + " are broken: " + flaw);
}

/// End of the ELF proper: of its section headers, which the linker and objcopy write last, and of
/// everything that its headers name.
template <typename Header, typename ProgramHeader, typename SectionHeader>
Result<std::uint64_t> elf_end(const File& file) {
    const auto read_struct = [&](std::uint64_t offset, auto& value) {
        return file.read(offset, {reinterpret_cast<std::uint8_t*>(&value), sizeof value});
    };
    Header header{};
    SKIFF_RETURN_IF_ERROR(read_struct(0, header));
    std::uint64_t end = sizeof header;
    // All sums stay far below 2^64: counts have 16 bits, what is added is inside of the file.
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        ProgramHeader segment{};
        if (!file.contains(header.e_phoff, (i + 1) * sizeof segment)) {
            return bad_tables(file, "the ELF's program headers are cut off");
        }
        SKIFF_RETURN_IF_ERROR(read_struct(header.e_phoff + i * sizeof segment, segment));
        if (file.contains(segment.p_offset, segment.p_filesz)) {
            end = std::max<std::uint64_t>(end, segment.p_offset + segment.p_filesz);
        }
    }
    for (unsigned i = 0; i < header.e_shnum; ++i) {
        SectionHeader section{};
        if (!file.contains(header.e_shoff, (i + 1) * sizeof section)) {
            return bad_tables(file, "the ELF's section headers are cut off");
        }
        SKIFF_RETURN_IF_ERROR(read_struct(header.e_shoff + i * sizeof section, section));
        end = std::max<std::uint64_t>(end, header.e_shoff + (i + 1) * sizeof section);
        if (section.sh_type != SHT_NOBITS && file.contains(section.sh_offset, section.sh_size)) {
            end = std::max<std::uint64_t>(end, section.sh_offset + section.sh_size);
        }
    }
    return end;
}

/// The words between the zeros, each group begun by a zero: 32-bit kernels have one group, 64-bit
/// ones three, since Linux 6.15 two (the inverse table is gone).
Result<std::vector<std::vector<std::uint32_t>>> split_groups(const File& file,
                                                             std::span<const std::uint32_t> words) {
    constexpr std::size_t kMaxGroups = 3;
    std::vector<std::vector<std::uint32_t>> groups;
    for (const std::uint32_t word : words) {
        if (word == 0) {
            groups.emplace_back();
            if (groups.size() > kMaxGroups) {
                return bad_tables(file, "there are more than three");
            }
        } else if (groups.empty()) {
            return bad_tables(file, "they do not begin with a zero");
        } else {
            groups.back().push_back(word);
        }
    }
    return groups;
}

/// Adds `value` to the little-endian number of `size` bytes at `address`.
[[nodiscard]] bool add_to(GuestMemory& memory, GuestAddress address, std::size_t size,
                          std::uint64_t value) {
    std::uint64_t number = 0;
    const std::span bytes(reinterpret_cast<std::uint8_t*>(&number), size);
    if (!memory.read(address, bytes)) {
        return false;
    }
    number += value;
    return memory.write(address, bytes);
}

Result<void> apply_table(GuestMemory& memory, const std::vector<std::uint32_t>& table,
                         std::size_t size, std::uint64_t value, const RelocationTarget& target) {
    for (const std::uint32_t entry : table) {
        // The tables keep the low half of a virtual address: sign-extended for 64-bit kernels,
        // whose image is in the highest 2 GiB.
        const bool high_half = (target.virtual_offset >> 32) != 0;
        const std::uint64_t linked =
            high_half ? static_cast<std::uint64_t>(
                            static_cast<std::int64_t>(static_cast<std::int32_t>(entry)))
                      : entry;
        const GuestAddress address(linked - target.virtual_offset + target.physical_displacement);
        if (!target.image.contains(address, size) || !add_to(memory, address, size, value)) {
            return Error::user(fmt::format(
                "the kernel's relocation tables are broken: {:#x} is outside of the kernel",
                linked));
        }
    }
    return {};
}

}  // namespace

Result<RelocationTables> read_relocations(const File& unpacked, bool is_64_bit) {
    const auto end = is_64_bit ? elf_end<Elf64_Ehdr, Elf64_Phdr, Elf64_Shdr>(unpacked)
                               : elf_end<Elf32_Ehdr, Elf32_Phdr, Elf32_Shdr>(unpacked);
    SKIFF_ASSIGN_OR_RETURN(const std::uint64_t start, end);
    const std::uint64_t size = unpacked.size_bytes() - std::min(start, unpacked.size_bytes());
    if (size == 0) {
        return RelocationTables{};
    }
    if (size % sizeof(std::uint32_t) != 0 || size > kMaxTableBytes) {
        return bad_tables(unpacked, fmt::format("{} bytes behind the ELF", size));
    }
    std::vector<std::uint32_t> words(size / sizeof(std::uint32_t));
    SKIFF_RETURN_IF_ERROR(
        unpacked.read(start, {reinterpret_cast<std::uint8_t*>(words.data()), size}));
    SKIFF_ASSIGN_OR_RETURN(auto groups, split_groups(unpacked, words));
    if (is_64_bit ? groups.size() < 2 : groups.size() != 1) {
        return bad_tables(unpacked, fmt::format("there are {}", groups.size()));
    }
    RelocationTables tables;
    tables.add_32 = std::move(groups.back());
    if (is_64_bit) {
        tables.add_64 = std::move(groups.front());
    }
    if (groups.size() == 3) {
        tables.subtract_32 = std::move(groups[1]);
    }
    return tables;
}

Result<void> apply_relocations(GuestMemory& memory, const RelocationTables& tables,
                               const RelocationTarget& target) {
    const std::uint64_t value = target.virtual_displacement;
    SKIFF_RETURN_IF_ERROR(apply_table(memory, tables.add_32, 4, value, target));
    SKIFF_RETURN_IF_ERROR(apply_table(memory, tables.subtract_32, 4, 0 - value, target));
    return apply_table(memory, tables.add_64, 8, value, target);
}

}  // namespace skiff::boot
