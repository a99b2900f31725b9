// SPDX-License-Identifier: Apache-2.0
#include "tests/support/elf_builder.h"

#include <elf.h>

#include <cstring>

namespace skiff::test {
namespace {

struct Types64 {
    using Header = Elf64_Ehdr;
    using ProgramHeader = Elf64_Phdr;
    using SectionHeader = Elf64_Shdr;
    using SymbolEntry = Elf64_Sym;
    using Word = std::uint64_t;
    static constexpr unsigned char kClass = ELFCLASS64;
};

struct Types32 {
    using Header = Elf32_Ehdr;
    using ProgramHeader = Elf32_Phdr;
    using SectionHeader = Elf32_Shdr;
    using SymbolEntry = Elf32_Sym;
    using Word = std::uint32_t;
    static constexpr unsigned char kClass = ELFCLASS32;
};

template <typename T>
void put(Bytes& file, std::size_t offset, const T& value) {
    if (file.size() < offset + sizeof value) {
        file.resize(offset + sizeof value);
    }
    std::memcpy(file.data() + offset, &value, sizeof value);
}

std::size_t pad(Bytes& file, std::size_t alignment) {
    file.resize((file.size() + alignment - 1) / alignment * alignment);
    return file.size();
}

}  // namespace

ElfBuilder& ElfBuilder::entry(std::uint64_t address) {
    entry_ = address;
    return *this;
}

ElfBuilder& ElfBuilder::machine(std::uint16_t value) {
    machine_ = value;
    return *this;
}

ElfBuilder& ElfBuilder::type(std::uint16_t value) {
    type_ = value;
    return *this;
}

ElfBuilder& ElfBuilder::segment(Segment segment) {
    segments_.push_back(std::move(segment));
    return *this;
}

ElfBuilder& ElfBuilder::raw_note(Bytes content) {
    notes_.push_back(std::move(content));
    return *this;
}

ElfBuilder& ElfBuilder::xen_note(std::uint32_t type, Bytes description) {
    Bytes note(16);
    poke<std::uint32_t>(note, 0, 4);
    poke(note, 4, static_cast<std::uint32_t>(description.size()));
    poke(note, 8, type);
    std::memcpy(note.data() + 12, "Xen", 4);
    note.insert(note.end(), description.begin(), description.end());
    pad(note, 4);
    return raw_note(std::move(note));
}

ElfBuilder& ElfBuilder::pvh_entry(std::uint64_t address) {
    Bytes description(8);
    poke(description, 0, address);
    return xen_note(18, std::move(description));
}

ElfBuilder& ElfBuilder::symbol(std::string name, std::uint64_t address, std::uint64_t size) {
    symbols_.push_back({std::move(name), address, size});
    return *this;
}

template <typename Types>
Bytes ElfBuilder::build_class() const {
    using Word = typename Types::Word;
    Bytes file(first_content_offset());
    typename Types::Header header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = Types::kClass;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = type_;
    header.e_machine = machine_;
    header.e_version = EV_CURRENT;
    header.e_entry = static_cast<Word>(entry_);
    header.e_phoff = sizeof header;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(typename Types::ProgramHeader);
    header.e_phnum = static_cast<std::uint16_t>(segments_.size() + notes_.size());

    std::size_t table = sizeof header;
    for (const Segment& segment : segments_) {
        typename Types::ProgramHeader entry{};
        entry.p_type = PT_LOAD;
        entry.p_offset = static_cast<Word>(pad(file, 4096));
        entry.p_paddr = static_cast<Word>(segment.physical_address);
        entry.p_vaddr = static_cast<Word>(segment.virtual_address == ~std::uint64_t{0}
                                              ? segment.physical_address
                                              : segment.virtual_address);
        entry.p_filesz = static_cast<Word>(segment.content.size());
        entry.p_memsz = static_cast<Word>(segment.memory_size != 0 ? segment.memory_size
                                                                   : segment.content.size());
        entry.p_align = static_cast<Word>(segment.alignment);
        put(file, table, entry);
        table += sizeof entry;
        file.insert(file.end(), segment.content.begin(), segment.content.end());
    }
    for (const Bytes& note : notes_) {
        typename Types::ProgramHeader entry{};
        entry.p_type = PT_NOTE;
        entry.p_offset = static_cast<Word>(pad(file, 4));
        entry.p_filesz = static_cast<Word>(note.size());
        entry.p_memsz = entry.p_filesz;
        put(file, table, entry);
        table += sizeof entry;
        file.insert(file.end(), note.begin(), note.end());
    }
    if (!symbols_.empty()) {
        Bytes names(1);
        const std::size_t symbols_at = pad(file, 8);
        file.resize(symbols_at + (symbols_.size() + 1) * sizeof(typename Types::SymbolEntry));
        for (std::size_t i = 0; i < symbols_.size(); ++i) {
            typename Types::SymbolEntry entry{};
            entry.st_name = static_cast<Elf64_Word>(names.size());
            entry.st_info = STT_FUNC;
            entry.st_shndx = 1;
            entry.st_value = static_cast<Word>(symbols_[i].address);
            entry.st_size = static_cast<Word>(symbols_[i].size);
            put(file, symbols_at + (i + 1) * sizeof entry, entry);
            names.insert(names.end(), symbols_[i].name.begin(), symbols_[i].name.end());
            names.push_back(0);
        }
        const std::size_t symbols_size = file.size() - symbols_at;
        const std::size_t names_at = file.size();
        file.insert(file.end(), names.begin(), names.end());
        typename Types::SectionHeader sections[3]{};
        sections[1].sh_type = SHT_SYMTAB;
        sections[1].sh_link = 2;
        sections[1].sh_offset = static_cast<Word>(symbols_at);
        sections[1].sh_size = static_cast<Word>(symbols_size);
        sections[2].sh_type = SHT_STRTAB;
        sections[2].sh_offset = static_cast<Word>(names_at);
        sections[2].sh_size = static_cast<Word>(names.size());
        header.e_shoff = static_cast<Word>(pad(file, 8));
        header.e_shnum = 3;
        header.e_shentsize = sizeof sections[0];
        put(file, header.e_shoff, sections);
    }
    put(file, 0, header);
    return file;
}

Bytes ElfBuilder::build() const {
    return bits_ == 64 ? build_class<Types64>() : build_class<Types32>();
}

Bytes pattern(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<std::uint8_t>(1 + i % 251);
    }
    return bytes;
}

}  // namespace skiff::test
