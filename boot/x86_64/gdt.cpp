// SPDX-License-Identifier: Apache-2.0
#include "boot/x86_64/gdt.h"

#include <array>

#include "base/check.h"
#include "boot/x86_64/low_memory.h"

namespace skiff::boot::x86_64 {
namespace {

// Segment descriptors: Intel SDM volume 3, section 3.4.5 and figure 3-8; accessed (busy) already,
// so that loading them writes nothing.
constexpr std::uint64_t kNull = 0;
constexpr std::uint64_t kCode32 = 0x00cf9b000000ffff;  ///< Execute/read, base 0, limit 4 GiB.
constexpr std::uint64_t kCode64 = 0x00af9b000000ffff;  ///< The same with L instead of D.
constexpr std::uint64_t kData = 0x00cf93000000ffff;    ///< Read/write, base 0, limit 4 GiB.
constexpr std::uint64_t kTask32 = 0x00008b0000000067;  ///< Busy 32-bit TSS, base 0, limit 0x67.

}  // namespace

Result<void> write_gdt(GuestMemory& memory, MemoryPlan& plan, EntryState& entry) {
    const bool long_mode = entry.mode == EntryState::Mode::kLong64;
    // The TSS has two entries, so that in long mode its 16-byte form ends inside of the limit.
    const std::array<std::uint64_t, 6> gdt{kNull, kNull,   long_mode ? kCode64 : kCode32,
                                           kData, kTask32, kNull};
    static_assert(kCodeSelector == 2 * 8 && kDataSelector == 3 * 8 && kTaskSelector == 4 * 8);

    SKIFF_ASSIGN_OR_RETURN(const GuestAddress place,
                           claim_low(plan, "the GDT", sizeof gdt, sizeof gdt[0], kGdtAddress));
    SKIFF_CHECK(memory.write(place, gdt));
    entry.gdt_base = place.value();
    entry.gdt_limit = sizeof gdt - 1;
    return {};
}

}  // namespace skiff::boot::x86_64
