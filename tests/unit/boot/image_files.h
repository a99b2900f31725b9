// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/guest_memory.h"
#include "base/units.h"
#include "tests/support/elf_builder.h"

namespace skiff::boot::test {

using skiff::test::Bytes;
using skiff::test::ElfBuilder;
using skiff::test::pattern;
using skiff::test::peek;
using skiff::test::poke;

/// A file in memory called "image".
inline File file_of(const Bytes& bytes) {
    auto file = File::from_bytes("image", bytes);
    REQUIRE(file.ok());
    return *std::move(file);
}

/// Guest RAM from 0; what is above 3 GiB goes to 4 GiB.
inline GuestMemory ram(std::uint64_t size_bytes, const MemoryBacking& backing = {}) {
    const std::uint64_t low = std::min(size_bytes, 3 * kGiB);
    std::vector<GuestRange> ranges{{GuestAddress(0), low}};
    if (size_bytes > low) {
        ranges.push_back({GuestAddress(4 * kGiB), size_bytes - low});
    }
    auto memory = GuestMemory::create(ranges, backing);
    REQUIRE(memory.ok());
    return *std::move(memory);
}

inline Bytes guest_bytes(const GuestMemory& memory, std::uint64_t address, std::size_t size) {
    Bytes bytes(size);
    REQUIRE(memory.read(GuestAddress(address), bytes));
    return bytes;
}

inline std::string text_of(const Bytes& bytes) {
    return {bytes.begin(), std::find(bytes.begin(), bytes.end(), std::uint8_t{0})};
}

/// The message of a user error.
template <typename T>
std::string user_error(const Result<T>& result) {
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().kind() == ErrorKind::kUser);
    return result.error().message();
}

}  // namespace skiff::boot::test
