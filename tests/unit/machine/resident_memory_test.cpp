// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/resident_memory.h"

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <string_view>

#include "base/units.h"

namespace skiff::machine {
namespace {

TEST_CASE("What is resident of a process is the guest's or the VMM's") {
    constexpr std::array kGuest = {ResidentSum::Range{0x7f0000000000, 0x7f0000400000},
                                   ResidentSum::Range{0x7f0000400000, 0x7f0000600000}};
    ResidentSum sum(kGuest);
    for (const std::string_view line :
         {"555500000000-555500010000 r-xp 00000000 08:01 1234   /usr/bin/skiff",
          "Size:                 64 kB", "Rss:                  40 kB",
          "Pss:                  20 kB", "VmFlags: rd ex mr",
          "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 ", "Rss:                   4 kB",
          "Private_Hugetlb:       0 kB",
          // The rest of one range joined with the other.
          "7f0000001000-7f0000600000 rw-p 00000000 00:00 0 ", "Rss:                 100 kB",
          "Private_Hugetlb:    2048 kB", "7f0000600000-7f0000601000 rw-p 00000000 00:00 0 ",
          "Rss:                   4 kB", "Rss:     no number", "Rss:", ""}) {
        sum.add(line);
    }
    CHECK(sum.sum().guest_bytes == (4 + 100 + 2048) * kKiB);
    CHECK(sum.sum().vmm_bytes == 44 * kKiB);
}

TEST_CASE("The guest's memory counts as resident once it is touched") {
    constexpr std::array kRanges = {GuestRange{GuestAddress(0), 64 * kMiB}};
    auto memory = GuestMemory::create(kRanges, {});
    REQUIRE(memory.ok());
    const auto before = resident_memory(*memory);
    REQUIRE(before.has_value());
    CHECK(before->guest_bytes == 0);
    CHECK(before->vmm_bytes > 0);
    std::memset(memory->regions().front().mapping.data(), 1, 8 * kMiB);
    const auto after = resident_memory(*memory);
    REQUIRE(after.has_value());
    CHECK(after->guest_bytes >= 8 * kMiB);
    CHECK(after->guest_bytes <= 12 * kMiB);  // with huge pages at the ends
}

}  // namespace
}  // namespace skiff::machine
