// SPDX-License-Identifier: Apache-2.0
#include "boot/x86_64/real_mode_vectors.h"

#include <array>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "boot/x86_64/low_memory.h"

namespace skiff::boot::x86_64 {
namespace {

struct Vector {
    std::uint16_t offset;
    std::uint16_t segment;
};

constexpr std::size_t kVectors = 256;
constexpr std::uint16_t kSegment = 0xf000;
/// Behind the MP table (0xf0000) in the BIOS area.
constexpr std::uint16_t kReturnOffset = 0xf000;
constexpr std::uint16_t kMasterOffset = kReturnOffset + 1;
constexpr std::uint16_t kSlaveOffset = kMasterOffset + 7;

constexpr std::array<std::uint8_t, 17> kHandlers = {
    0xcf,                                                  // iret
    0x50, 0xb0, 0x20, 0xe6, 0x20, 0x58, 0xcf,              // push ax; mov al, 0x20; out 0x20, al;
                                                           // pop ax; iret
    0x50, 0xb0, 0x20, 0xe6, 0xa0, 0xe6, 0x20, 0x58, 0xcf,  // the same, with out 0xa0, al before
};
static_assert(kRealModeHandlers ==
              GuestRange{GuestAddress(kSegment * 16U + kReturnOffset), kHandlers.size()});
static_assert(kHandlers[kMasterOffset - kReturnOffset] == 0x50);
static_assert(kHandlers[kSlaveOffset - kReturnOffset] == 0x50);

std::uint16_t handler_of(std::size_t vector) {
    if (vector >= kMasterIrqVector && vector < kMasterIrqVector + 8U) {
        return kMasterOffset;
    }
    if (vector >= kSlaveIrqVector && vector < kSlaveIrqVector + 8U) {
        return kSlaveOffset;
    }
    return kReturnOffset;
}

}  // namespace

bool write_real_mode_vectors(GuestMemory& memory, MemoryPlan& plan) {
    std::array<Vector, kVectors> table{};
    const GuestRange place{GuestAddress(0), sizeof table};
    if (!plan.is_free(place) || !plan.claim("the interrupt vectors of real mode", place).ok()) {
        return false;
    }
    for (std::size_t i = 0; i < table.size(); ++i) {
        table[i] = {handler_of(i), kSegment};
    }
    SKIFF_CHECK(memory.write(place.start,
                             {reinterpret_cast<const std::uint8_t*>(table.data()), sizeof table}));
    SKIFF_CHECK(memory.write(kRealModeHandlers.start, kHandlers));
    return true;
}

}  // namespace skiff::boot::x86_64
