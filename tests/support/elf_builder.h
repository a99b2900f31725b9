// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace skiff::test {

using Bytes = std::vector<std::uint8_t>;

/// Makes ELF executables, sound ones and broken ones: every header field can be set to nonsense.
class ElfBuilder {
  public:
    struct Segment {
        std::uint64_t physical_address = 0;
        Bytes content;
        std::uint64_t memory_size = 0;                      ///< 0: that of the content.
        std::uint64_t virtual_address = ~std::uint64_t{0};  ///< All ones: the physical address.
        std::uint64_t alignment = 4096;
    };

    explicit ElfBuilder(unsigned bits = 64) : bits_(bits), machine_(bits == 64 ? 62 : 3) {}

    ElfBuilder& entry(std::uint64_t address);
    ElfBuilder& machine(std::uint16_t value);
    ElfBuilder& type(std::uint16_t value);
    ElfBuilder& segment(Segment segment);
    /// A PT_NOTE segment with one note of owner "Xen".
    ElfBuilder& xen_note(std::uint32_t type, Bytes description);
    /// XEN_ELFNOTE_PHYS32_ENTRY.
    ElfBuilder& pvh_entry(std::uint64_t address);
    /// A PT_NOTE segment of these bytes.
    ElfBuilder& raw_note(Bytes content);
    /// A function symbol, which gives the file section headers and a symbol table.
    ElfBuilder& symbol(std::string name, std::uint64_t address, std::uint64_t size);

    Bytes build() const;

    /// Where the file content of the first segment is in build()'s result.
    std::uint64_t first_content_offset() const { return 4096; }

  private:
    template <typename Types>
    Bytes build_class() const;

    unsigned bits_;
    std::uint16_t machine_;
    std::uint16_t type_ = 2;  // ET_EXEC
    std::uint64_t entry_ = 0;
    std::vector<Segment> segments_;
    std::vector<Bytes> notes_;
    struct Symbol {
        std::string name;
        std::uint64_t address;
        std::uint64_t size;
    };
    std::vector<Symbol> symbols_;
};

/// `size` bytes, each different from its neighbours and none zero.
Bytes pattern(std::size_t size);

/// Overwrites a little-endian number in place.
template <typename T>
void poke(Bytes& bytes, std::size_t offset, T value) {
    for (std::size_t i = 0; i < sizeof value; ++i) {
        bytes.at(offset + i) =
            static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> 8 * i);
    }
}

/// The little-endian number at an offset.
template <typename T>
T peek(const Bytes& bytes, std::size_t offset) {
    std::uint64_t value = 0;
    for (std::size_t i = sizeof(T); i-- > 0;) {
        value = value << 8 | bytes.at(offset + i);
    }
    return static_cast<T>(value);
}

}  // namespace skiff::test
