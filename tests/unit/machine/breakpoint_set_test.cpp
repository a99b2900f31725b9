// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/debug/breakpoint_set.h"

#include <array>
#include <catch2/catch.hpp>

using namespace skiff;
using gdb::Breakpoint;
using gdb::BreakpointKind;
using kvm::x86_64::DebugAbility;
using kvm::x86_64::DebugSlot;
using machine::BreakpointSet;

namespace {

constexpr DebugAbility kFull = {.single_step = true,
                                .software_breakpoint = true,
                                .int3_is_refused = false,
                                .execute_slot = true,
                                .write_slot = true};
constexpr DebugAbility kStepsOnly = {.single_step = true,
                                     .software_breakpoint = false,
                                     .int3_is_refused = false,
                                     .execute_slot = false,
                                     .write_slot = false};

/// Virtual addresses are 0x1000'0000 above the physical ones.
constexpr std::uint64_t kOffset = 0x1000'0000;

struct Fixture {
    explicit Fixture(const DebugAbility& ability = kFull) : set(memory, ability) {
        for (std::uint64_t i = 0; i < 256; ++i) {
            REQUIRE(memory.write(GuestAddress(0x1000 + i), static_cast<std::uint8_t>(i)));
        }
    }
    static GuestMemory make() {
        const std::array ranges = {GuestRange{GuestAddress(0), 0x10000}};
        return *GuestMemory::create(ranges, MemoryBacking{});
    }
    std::optional<std::string> insert(BreakpointKind kind, std::uint64_t address,
                                      std::uint64_t size = 1) {
        return set.insert({.kind = kind, .address = address, .size_bytes = size},
                          [](std::uint64_t linear) -> std::optional<GuestAddress> {
                              if (linear < kOffset) {
                                  return std::nullopt;
                              }
                              return GuestAddress(linear - kOffset);
                          });
    }
    void remove(BreakpointKind kind, std::uint64_t address, std::uint64_t size = 1) {
        set.remove({.kind = kind, .address = address, .size_bytes = size});
    }
    std::uint8_t byte(std::uint64_t address) const {
        return *memory.read<std::uint8_t>(GuestAddress(address));
    }

    GuestMemory memory = make();
    BreakpointSet set;
};

constexpr auto kSoftware = BreakpointKind::kSoftware;
constexpr auto kHardware = BreakpointKind::kHardware;
constexpr auto kWrite = BreakpointKind::kWriteWatch;

}  // namespace

TEST_CASE("A software breakpoint is an INT3 that goes without a trace") {
    Fixture fixture;
    CHECK_FALSE(fixture.insert(kSoftware, kOffset + 0x1010));
    CHECK(fixture.byte(0x1010) == 0xcc);
    CHECK(fixture.set.is_int3(GuestAddress(0x1010)));
    fixture.remove(kSoftware, kOffset + 0x1010);
    CHECK(fixture.byte(0x1010) == 0x10);
    CHECK_FALSE(fixture.set.has_int3());
}

TEST_CASE("Put twice, a breakpoint is taken away once") {
    Fixture fixture;
    CHECK_FALSE(fixture.insert(kSoftware, kOffset + 0x1010));
    CHECK_FALSE(fixture.insert(kSoftware, kOffset + 0x1010));
    fixture.remove(kSoftware, kOffset + 0x1010);
    CHECK(fixture.byte(0x1010) == 0x10);
    fixture.remove(kSoftware, kOffset + 0x1010);
    CHECK(fixture.byte(0x1010) == 0x10);
}

TEST_CASE("What the guest wrote over an INT3 stays") {
    Fixture fixture;
    CHECK_FALSE(fixture.insert(kSoftware, kOffset + 0x1010));
    REQUIRE(fixture.memory.write(GuestAddress(0x1010), std::uint8_t{0x99}));
    fixture.set.remove_all();
    CHECK(fixture.byte(0x1010) == 0x99);
}

TEST_CASE("Reading shows what is under an INT3, and writing changes that") {
    Fixture fixture;
    CHECK_FALSE(fixture.insert(kSoftware, kOffset + 0x1010));
    std::array<std::uint8_t, 4> bytes = {0x0f, 0xcc, 0x11, 0x12};
    fixture.set.hide(GuestAddress(0x100f), bytes);
    CHECK(bytes == std::array<std::uint8_t, 4>{0x0f, 0x10, 0x11, 0x12});
    bytes = {1, 2, 3, 4};
    fixture.set.keep(GuestAddress(0x100f), bytes);
    CHECK(bytes == std::array<std::uint8_t, 4>{1, 0xcc, 3, 4});
    fixture.set.remove_all();
    CHECK(fixture.byte(0x1010) == 2);
}

TEST_CASE("A breakpoint on what is not mapped yet waits in a debug register") {
    Fixture fixture;
    CHECK_FALSE(fixture.insert(kSoftware, 0x500));
    CHECK_FALSE(fixture.set.has_int3());
    CHECK(fixture.set.slots()[0] ==
          DebugSlot{.kind = DebugSlot::Kind::kExecute, .address = 0x500, .size_bytes = 1});
    REQUIRE(fixture.set.behind_slot(0) != nullptr);
    CHECK(fixture.set.behind_slot(0)->kind == kSoftware);
}

TEST_CASE("There are four debug registers, and the fifth is refused") {
    Fixture fixture;
    CHECK_FALSE(fixture.insert(kHardware, 0x1));
    CHECK_FALSE(fixture.insert(kWrite, 0x1006, 8));  // 2 and 4 and 2 bytes
    CHECK(fixture.insert(kHardware, 0x3).has_value());
    CHECK(fixture.set.slots()[1].size_bytes == 2);
    CHECK(fixture.set.slots()[2].size_bytes == 4);
    CHECK(fixture.set.slots()[2].address == 0x1008);
    CHECK(fixture.set.behind_slot(3)->kind == kWrite);
    fixture.remove(kHardware, 0x1);
    CHECK(fixture.set.slots()[3].kind == DebugSlot::Kind::kNone);
    CHECK_FALSE(fixture.insert(kHardware, 0x3).has_value());
}

TEST_CASE("Watchpoints have a size, and not too much of it") {
    Fixture fixture;
    CHECK(fixture.insert(kWrite, 0x1000, 0).has_value());
    CHECK(fixture.insert(kWrite, 0x1000, ~std::uint64_t{0}).has_value());
    CHECK_FALSE(fixture.insert(kWrite, 0x1000, 32).has_value());
}

TEST_CASE("Where KVM has nothing, all but reads is watched step by step") {
    Fixture fixture(kStepsOnly);
    CHECK_FALSE(fixture.insert(kSoftware, kOffset + 0x1010));
    CHECK_FALSE(fixture.insert(kHardware, 0x20));
    CHECK_FALSE(fixture.insert(kWrite, 0x1000, 8));
    CHECK(fixture.insert(BreakpointKind::kAccessWatch, 0x1000, 8).has_value());
    CHECK(fixture.set.needs_steps());
    CHECK(fixture.byte(0x1010) == 0x10);
    CHECK(fixture.set.stepped_at(kOffset + 0x1010)->kind == kSoftware);
    CHECK(fixture.set.stepped_at(0x20)->kind == kHardware);
    CHECK(fixture.set.stepped_at(0x21) == nullptr);
    CHECK(fixture.set.stepped_watches().size() == 1);
    fixture.set.remove_all();
    CHECK_FALSE(fixture.set.needs_steps());
}

TEST_CASE("Breakpoints are bounded") {
    Fixture fixture;
    for (std::uint64_t i = 0; i < 1024; ++i) {
        REQUIRE_FALSE(fixture.insert(kSoftware, kOffset + 0x2000 + i));
    }
    CHECK(fixture.insert(kSoftware, kOffset + 0x1000).has_value());
}
