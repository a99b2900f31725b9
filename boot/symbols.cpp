// SPDX-License-Identifier: Apache-2.0
#include "boot/symbols.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <tuple>

#include "base/file.h"
#include "base/units.h"
#include "boot/read_struct.h"

namespace skiff::boot {
namespace {

/// A vmlinux with all symbols has about 10 MiB of each.
constexpr std::uint64_t kMaxTableBytes = 256 * kMiB;
/// How far behind a symbol without a size (an assembler label) an address may be.
constexpr std::uint64_t kMaxLabelDistance = 64 * kKiB;
constexpr std::size_t kMaxNameBytes = 128;

Error bad_symbols(const File& file, const std::string& flaw) {
    return Error::user("the symbols of '" + file.name() + "' cannot be read: " + flaw);
}

struct Tables {
    std::vector<SymbolTable::Symbol> symbols;
    std::vector<std::uint8_t> names;
};

template <typename Symbol>
bool is_code_symbol(const Symbol& symbol) {
    const unsigned type = symbol.st_info & 0xf;
    const bool defined = symbol.st_shndx != SHN_UNDEF && symbol.st_shndx < SHN_LORESERVE;
    return defined && symbol.st_name != 0 && (type == STT_FUNC || type == STT_NOTYPE);
}

/// Reads one SHT_SYMTAB section and the names it refers to.
template <typename Section, typename Symbol>
Result<Tables> read_tables(const File& file, const Section& table, const Section& names) {
    for (const Section* section : {&table, &names}) {
        if (!file.contains(section->sh_offset, section->sh_size) ||
            section->sh_size > kMaxTableBytes) {
            return bad_symbols(file, "a section is outside of the file");
        }
    }
    Tables tables;
    SKIFF_ASSIGN_OR_RETURN(tables.names, file.read_up_to(names.sh_offset, names.sh_size));
    std::vector<Symbol> raw(table.sh_size / sizeof(Symbol));
    SKIFF_RETURN_IF_ERROR(file.read(table.sh_offset, {reinterpret_cast<std::uint8_t*>(raw.data()),
                                                      raw.size() * sizeof(Symbol)}));
    for (const Symbol& symbol : raw) {
        if (is_code_symbol(symbol) && symbol.st_name < tables.names.size()) {
            tables.symbols.push_back({symbol.st_value, symbol.st_size, symbol.st_name,
                                      (symbol.st_info & 0xf) == STT_FUNC});
        }
    }
    return tables;
}

template <typename Header, typename Section, typename Symbol>
Result<Tables> find_tables(const File& file) {
    SKIFF_ASSIGN_OR_RETURN(const auto header, read_struct<Header>(file, 0));
    const std::uint64_t headers_size = std::uint64_t{header.e_shnum} * sizeof(Section);
    if (header.e_shnum == 0) {
        return Tables{};
    }
    if (header.e_shentsize != sizeof(Section) || !file.contains(header.e_shoff, headers_size)) {
        return bad_symbols(file, "its section headers are outside of the file");
    }
    std::vector<Section> sections(header.e_shnum);
    SKIFF_RETURN_IF_ERROR(file.read(
        header.e_shoff, {reinterpret_cast<std::uint8_t*>(sections.data()), headers_size}));
    for (const Section& section : sections) {
        if (section.sh_type == SHT_SYMTAB && section.sh_link < sections.size()) {
            return read_tables<Section, Symbol>(file, section, sections[section.sh_link]);
        }
    }
    return Tables{};
}

/// The name at an offset, cut at a bound; it goes to a terminal, so nothing but printable ASCII.
std::string name_at(const std::vector<std::uint8_t>& names, std::uint32_t offset) {
    std::string name;
    for (std::size_t i = offset; i < names.size() && names[i] != 0; ++i) {
        if (name.size() == kMaxNameBytes) {
            break;
        }
        name += names[i] > ' ' && names[i] < 0x7f ? static_cast<char>(names[i]) : '?';
    }
    return name;
}

}  // namespace

SymbolTable::SymbolTable(std::vector<Symbol> symbols, std::vector<std::uint8_t> names)
    : symbols_(std::move(symbols)), names_(std::move(names)) {
    std::sort(symbols_.begin(), symbols_.end(), [](const Symbol& a, const Symbol& b) {
        return std::tie(a.address, a.is_function) < std::tie(b.address, b.is_function);
    });
}

Result<SymbolTable> SymbolTable::load(const std::string& path) {
    SKIFF_ASSIGN_OR_RETURN(const File file, File::open(path));
    SKIFF_ASSIGN_OR_RETURN(const auto ident, file.read_up_to(0, EI_NIDENT));
    if (ident.size() < EI_NIDENT || std::memcmp(ident.data(), ELFMAG, SELFMAG) != 0) {
        return SymbolTable({}, {});
    }
    auto tables = ident[EI_CLASS] == ELFCLASS64
                      ? find_tables<Elf64_Ehdr, Elf64_Shdr, Elf64_Sym>(file)
                      : find_tables<Elf32_Ehdr, Elf32_Shdr, Elf32_Sym>(file);
    if (!tables.ok()) {
        return tables.error();
    }
    return SymbolTable(std::move(tables->symbols), std::move(tables->names));
}

std::optional<std::string> SymbolTable::find(std::uint64_t address) const {
    const auto after = std::upper_bound(
        symbols_.begin(), symbols_.end(), address,
        [](std::uint64_t wanted, const Symbol& symbol) { return wanted < symbol.address; });
    if (after == symbols_.begin()) {
        return std::nullopt;
    }
    const Symbol& symbol = *(after - 1);
    const std::uint64_t distance = address - symbol.address;
    if (distance >= std::max(symbol.size, kMaxLabelDistance)) {
        return std::nullopt;
    }
    const std::string name = name_at(names_, symbol.name);
    return distance == 0 ? name : fmt::format("{}+{:#x}", name, distance);
}

}  // namespace skiff::boot
