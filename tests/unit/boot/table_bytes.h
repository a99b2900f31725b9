// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "base/guest_memory.h"
#include "base/units.h"

namespace skiff::boot::test {

/// The first MiB of a guest.
inline GuestMemory low_memory() {
    const GuestRange ram{GuestAddress(0), kMiB};
    auto memory = GuestMemory::create({&ram, 1}, {});
    REQUIRE(memory.ok());
    return *std::move(memory);
}

/// Bytes out of guest memory, and the little-endian numbers in them.
class TableBytes {
  public:
    TableBytes(const GuestMemory& memory, std::uint64_t address, std::size_t size_bytes)
        : bytes_(size_bytes) {
        REQUIRE(memory.read(GuestAddress(address), bytes_));
    }

    std::uint64_t number(std::size_t offset, unsigned size_bytes) const {
        std::uint64_t value = 0;
        for (unsigned i = size_bytes; i-- > 0;) {
            value = value << 8 | bytes_.at(offset + i);
        }
        return value;
    }
    std::string text(std::size_t offset, std::size_t length) const {
        REQUIRE(offset + length <= bytes_.size());
        const auto begin = bytes_.begin() + static_cast<std::ptrdiff_t>(offset);
        return {begin, begin + static_cast<std::ptrdiff_t>(length)};
    }
    unsigned sum() const { return sum(bytes_.size()); }
    unsigned sum(std::size_t length) const {
        unsigned sum = 0;
        for (std::size_t i = 0; i < length; ++i) {
            sum += bytes_.at(i);
        }
        return sum % 256;
    }
    std::size_t size() const { return bytes_.size(); }

  private:
    std::vector<std::uint8_t> bytes_;
};

}  // namespace skiff::boot::test
