// SPDX-License-Identifier: Apache-2.0
#include "base/guest_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <span>
#include <vector>

#include "base/units.h"

using skiff::GuestAddress;
using skiff::GuestMemory;
using skiff::GuestRange;
using skiff::kGiB;
using skiff::kPageSize;
using skiff::MemoryBacking;

namespace {

GuestMemory make_memory(MemoryBacking backing = {}) {
    static constexpr std::array kRanges = {GuestRange{GuestAddress(0), 16 * kPageSize},
                                           GuestRange{GuestAddress(4 * kGiB), 4 * kPageSize}};
    auto memory = GuestMemory::create(kRanges, backing);
    REQUIRE(memory.ok());
    return std::move(memory).value();
}

}  // namespace

TEST_CASE("Guest memory reads back what was written, below and above the hole") {
    GuestMemory memory = make_memory();
    for (const std::uint64_t address : {std::uint64_t{0}, 16 * kPageSize - 8, 4 * kGiB + 3}) {
        REQUIRE(memory.write(GuestAddress(address), std::uint64_t{0x1122334455667788}));
        REQUIRE(memory.read<std::uint64_t>(GuestAddress(address)) == 0x1122334455667788U);
    }
}

TEST_CASE("Guest memory refuses what is not wholly RAM") {
    GuestMemory memory = make_memory();
    for (const std::uint64_t address : {16 * kPageSize - 7, 16 * kPageSize, 4 * kGiB - 1,
                                        4 * kGiB + 4 * kPageSize - 1, UINT64_MAX, UINT64_MAX - 7}) {
        INFO(address);
        REQUIRE_FALSE(memory.read<std::uint64_t>(GuestAddress(address)).has_value());
        REQUIRE_FALSE(memory.write(GuestAddress(address), std::uint64_t{1}));
        REQUIRE_FALSE(memory.load_acquire<std::uint64_t>(GuestAddress(address)).has_value());
        REQUIRE_FALSE(memory.fill_zero(GuestAddress(address), 8));
    }
    REQUIRE_FALSE(memory.contains(GuestAddress(0), UINT64_MAX));
    REQUIRE_FALSE(memory.host_span(GuestAddress(8), 16 * kPageSize).has_value());
}

TEST_CASE("Shared indices must be naturally aligned") {
    GuestMemory memory = make_memory();
    REQUIRE(memory.store_release<std::uint16_t>(GuestAddress(2), 7));
    REQUIRE(memory.load_acquire<std::uint16_t>(GuestAddress(2)) == 7);
    REQUIRE_FALSE(memory.store_release<std::uint16_t>(GuestAddress(3), 7));
    REQUIRE_FALSE(memory.load_acquire<std::uint16_t>(GuestAddress(3)).has_value());
}

TEST_CASE("A mapped file shows in guest memory and guest writes do not reach it") {
    GuestMemory memory = make_memory();
    const skiff::UniqueFd file(::memfd_create("test", MFD_CLOEXEC));
    const std::vector<char> content(kPageSize + 10, 'x');
    REQUIRE(::write(file.get(), content.data(), content.size()) ==
            static_cast<ssize_t>(content.size()));

    REQUIRE(
        memory.map_file(GuestAddress(2 * kPageSize), file.get(), 0, content.size(), "test").ok());

    REQUIRE(memory.read<std::uint8_t>(GuestAddress(3 * kPageSize + 9)) == 'x');
    REQUIRE(memory.read<std::uint8_t>(GuestAddress(3 * kPageSize + 10)) == 0);
    REQUIRE(memory.read<std::uint8_t>(GuestAddress(2 * kPageSize - 1)) == 0);
    REQUIRE(memory.read<std::uint8_t>(GuestAddress(4 * kPageSize)) == 0);
    REQUIRE(memory.write(GuestAddress(2 * kPageSize), std::uint8_t{'y'}));
    char first = 0;
    REQUIRE(::pread(file.get(), &first, 1, 0) == 1);
    REQUIRE(first == 'x');
}

TEST_CASE("Memory from a memfd is seen through that memfd") {
    MemoryBacking backing;
    backing.kind = MemoryBacking::Kind::kMemfd;
    GuestMemory memory = make_memory(backing);
    REQUIRE(memory.write(GuestAddress(5), std::uint8_t{0xab}));
    std::uint8_t byte = 0;
    REQUIRE(::pread(memory.regions().at(0).fd.get(), &byte, 1, 5) == 1);
    REQUIRE(byte == 0xab);
    REQUIRE_FALSE(memory.can_map_files());
}

TEST_CASE("Transparent huge pages align the mapping") {
    MemoryBacking backing;
    backing.transparent_huge_pages = true;
    GuestMemory memory = make_memory(backing);
    REQUIRE(reinterpret_cast<std::uintptr_t>(memory.regions().at(0).mapping.data()) %
                (2 * skiff::kMiB) ==
            0);
}

TEST_CASE("Nothing can be copied to and from anywhere in RAM, its end included") {
    GuestMemory memory = make_memory();
    REQUIRE(memory.read(GuestAddress(16 * kPageSize), std::span<std::uint8_t>()));
    REQUIRE(memory.write(GuestAddress(0), std::span<const std::uint8_t>()));
    REQUIRE_FALSE(memory.write(GuestAddress(17 * kPageSize), std::span<const std::uint8_t>()));
}

TEST_CASE("Discarded memory reads as zero, whole pages of it, whatever it is made of") {
    const auto kind =
        GENERATE(skiff::MemoryBacking::Kind::kAnonymous, skiff::MemoryBacking::Kind::kMemfd);
    const std::array ranges = {skiff::GuestRange{GuestAddress(0), 4 * skiff::kPageSize}};
    auto memory = GuestMemory::create(ranges, {.kind = kind});
    REQUIRE(memory.ok());
    for (std::uint64_t page = 0; page < 4; ++page) {
        REQUIRE(memory->write(GuestAddress(page * skiff::kPageSize), std::uint32_t{7}));
    }
    const auto view = memory->host_span(GuestAddress(1), 3 * skiff::kPageSize);
    REQUIRE(view.has_value());
    CHECK(memory->discard(*view) == 2 * skiff::kPageSize);
    CHECK(memory->read<std::uint32_t>(GuestAddress(0)) == 7U);
    CHECK(memory->read<std::uint32_t>(GuestAddress(skiff::kPageSize)) == 0U);
    CHECK(memory->read<std::uint32_t>(GuestAddress(2 * skiff::kPageSize)) == 0U);
    CHECK(memory->read<std::uint32_t>(GuestAddress(3 * skiff::kPageSize)) == 7U);
    CHECK(memory->discard(view->first(10)) == 0U);
    const std::array<std::uint8_t, 4> elsewhere{};
    CHECK_FALSE(memory->discard(elsewhere).has_value());
}
