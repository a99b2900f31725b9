// SPDX-License-Identifier: Apache-2.0
#include "boot/elf.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "boot/elf_notes.h"
#include "boot/read_struct.h"

namespace skiff::boot {
namespace {

static_assert(sizeof(Elf64_Ehdr) == 64 && sizeof(Elf32_Ehdr) == 52);
static_assert(sizeof(Elf64_Phdr) == 56 && sizeof(Elf32_Phdr) == 32);

/// Linux has five; a linker script with this many has run wild.
constexpr unsigned kMaxProgramHeaders = 256;
/// A kernel's notes are some hundred bytes.
constexpr std::uint64_t kMaxNoteBytes = 64 * 1024;

Error bad_elf(const File& file, const std::string& flaw) {
    return Error::user("'" + file.name() + "' cannot be booted: " + flaw);
}

std::string type_name(unsigned type) {
    switch (type) {
        case ET_REL:
            return "it is an ELF object file (.o or a module), not an executable";
        case ET_CORE:
            return "it is an ELF core dump";
        case ET_DYN:
            return "it is a shared object or a position-independent program, not a kernel";
        default:
            return fmt::format("its ELF type {} is not that of an executable", type);
    }
}

template <typename Header>
Result<void> check_header(const File& file, const Header& header, std::size_t entry_size) {
    if (header.e_ident[EI_DATA] != ELFDATA2LSB) {
        return bad_elf(file, "it is a big-endian ELF file, made for another machine");
    }
    if (header.e_machine != EM_X86_64 && header.e_machine != EM_386) {
        return bad_elf(file, fmt::format("it is an ELF file for {}, not for x86",
                                         elf_machine_name(header.e_machine)));
    }
    if (header.e_type != ET_EXEC) {
        return bad_elf(file, type_name(header.e_type));
    }
    if (header.e_phnum == 0) {
        return bad_elf(file, "it is an ELF file without program headers");
    }
    if (header.e_phentsize != entry_size) {
        return bad_elf(file, fmt::format("its ELF program headers are {} bytes long, not {}",
                                         header.e_phentsize, entry_size));
    }
    if (header.e_phnum > kMaxProgramHeaders) {
        return bad_elf(file, fmt::format("it has {} ELF program headers, more than {}",
                                         header.e_phnum, kMaxProgramHeaders));
    }
    return {};
}

/// Whether start + size does not wrap.
bool fits(std::uint64_t start, std::uint64_t size, bool is_64_bit) {
    std::uint64_t end = 0;
    return !__builtin_add_overflow(start, size, &end) && (is_64_bit || end <= (1ULL << 32));
}

Result<void> check_segment(const File& file, unsigned index, const ElfSegment& segment,
                           bool is_64_bit) {
    if (!file.contains(segment.file_offset, segment.file_size)) {
        return bad_elf(
            file, fmt::format("the file is cut off: its ELF segment {} needs {} bytes at "
                              "offset {:#x}, the file has {} bytes",
                              index, segment.file_size, segment.file_offset, file.size_bytes()));
    }
    if (segment.file_size > segment.memory_size) {
        return bad_elf(file, fmt::format("its ELF segment {} has more bytes in the file ({:#x}) "
                                         "than in memory ({:#x})",
                                         index, segment.file_size, segment.memory_size));
    }
    if (!fits(segment.physical_address, segment.memory_size, is_64_bit)) {
        return bad_elf(file, fmt::format("its ELF segment {} wraps around the end of the address "
                                         "space",
                                         index));
    }
    return {};
}

/// e_entry is physical in a vmlinux of x86-64, but virtual in other kernels: take it as physical
/// where that is inside of a segment, else translate it.
std::uint64_t physical_entry(std::uint64_t entry, const std::vector<ElfSegment>& segments) {
    for (const ElfSegment& segment : segments) {
        if (entry - segment.physical_address < segment.memory_size) {
            return entry;
        }
    }
    for (const ElfSegment& segment : segments) {
        if (entry - segment.virtual_address < segment.memory_size) {
            return entry - segment.virtual_address + segment.physical_address;
        }
    }
    return entry;
}

template <typename Header, typename ProgramHeader>
Result<ElfImage> parse_class(const File& file, bool is_64_bit) {
    SKIFF_ASSIGN_OR_RETURN(const auto header, read_struct<Header>(file, 0));
    SKIFF_RETURN_IF_ERROR(check_header(file, header, sizeof(ProgramHeader)));

    ElfImage image;
    image.is_64_bit = is_64_bit;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> notes;
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        std::uint64_t offset = 0;
        if (__builtin_add_overflow(std::uint64_t{header.e_phoff}, i * sizeof(ProgramHeader),
                                   &offset) ||
            !file.contains(offset, sizeof(ProgramHeader))) {
            return bad_elf(file, "the file is cut off: its ELF program headers are not in it");
        }
        SKIFF_ASSIGN_OR_RETURN(const auto entry, read_struct<ProgramHeader>(file, offset));
        if (entry.p_type == PT_LOAD && entry.p_memsz != 0) {
            const ElfSegment segment{entry.p_offset, entry.p_paddr, entry.p_vaddr,
                                     entry.p_filesz, entry.p_memsz, entry.p_align};
            SKIFF_RETURN_IF_ERROR(check_segment(file, static_cast<unsigned>(image.segments.size()),
                                                segment, is_64_bit));
            image.segments.push_back(segment);
        } else if (entry.p_type == PT_NOTE && file.contains(entry.p_offset, entry.p_filesz)) {
            notes.emplace_back(entry.p_offset, entry.p_filesz);
        }
    }
    std::uint64_t note_budget = kMaxNoteBytes;
    for (const auto& [offset, size] : notes) {
        const std::uint64_t bounded = std::min(size, note_budget);
        note_budget -= bounded;
        SKIFF_ASSIGN_OR_RETURN(const auto bytes, file.read_up_to(offset, bounded));
        read_xen_notes(bytes, image);
    }
    if (image.segments.empty()) {
        return bad_elf(file, "it is an ELF file with nothing to load");
    }
    image.entry = physical_entry(header.e_entry, image.segments);
    return image;
}

}  // namespace

std::uint64_t ElfImage::lowest_address() const {
    std::uint64_t lowest = ~std::uint64_t{0};
    for (const ElfSegment& segment : segments) {
        lowest = std::min(lowest, segment.physical_address);
    }
    return lowest;
}

std::uint64_t ElfImage::end_address() const {
    std::uint64_t end = 0;
    for (const ElfSegment& segment : segments) {
        end = std::max(end, segment.physical_address + segment.memory_size);
    }
    return end;
}

Result<ElfImage> parse_elf(const File& file) {
    SKIFF_ASSIGN_OR_RETURN(const auto ident, file.read_up_to(0, EI_NIDENT));
    if (ident.size() < EI_NIDENT || std::memcmp(ident.data(), ELFMAG, SELFMAG) != 0) {
        return bad_elf(file, "it is not an ELF file");
    }
    const unsigned elf_class = ident[EI_CLASS];
    const std::uint64_t header_size =
        elf_class == ELFCLASS64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
    if (!file.contains(0, header_size)) {
        return bad_elf(file, "the file is cut off inside of its ELF header");
    }
    switch (elf_class) {
        case ELFCLASS64:
            return parse_class<Elf64_Ehdr, Elf64_Phdr>(file, true);
        case ELFCLASS32:
            return parse_class<Elf32_Ehdr, Elf32_Phdr>(file, false);
        default:
            return bad_elf(file, fmt::format("its ELF class {} is unknown", elf_class));
    }
}

}  // namespace skiff::boot
