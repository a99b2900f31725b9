// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace skiff::boot {

/// The symbols of a kernel, for saying where a dead guest stood. Read only then: a vmlinux has
/// several MiB of them. The file is hostile; what is not a usable symbol is left out.
class SymbolTable {
  public:
    /// Reads the symbol table of an ELF file. Empty where it has none (stripped), and for a file
    /// that is no ELF (a bzImage). An error where the file cannot be read, or its headers lie.
    static Result<SymbolTable> load(const std::string& path);

    /// "name+0x1f" for the function that `address` (as linked) lies in; nothing where no symbol is
    /// near enough below.
    std::optional<std::string> find(std::uint64_t address) const;

    bool empty() const { return symbols_.empty(); }
    std::size_t size() const { return symbols_.size(); }

    /// One entry of the table.
    struct Symbol {
        std::uint64_t address = 0;
        std::uint64_t size = 0;
        std::uint32_t name = 0;  ///< Offset in names_.
        bool is_function = false;
    };

  private:
    SymbolTable(std::vector<Symbol> symbols, std::vector<std::uint8_t> names);

    std::vector<Symbol> symbols_;  ///< By address; functions last among equals.
    std::vector<std::uint8_t> names_;
};

}  // namespace skiff::boot
