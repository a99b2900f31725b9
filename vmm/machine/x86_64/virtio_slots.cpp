// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/x86_64/virtio_slots.h"

#include <array>
#include <cstdint>

#include "base/check.h"
#include "base/units.h"

namespace skiff::machine::x86_64 {
namespace {

constexpr std::uint64_t kFirstPage = 0xd000'0000;

// The IOAPIC's inputs without those of the PC's devices: 0 the PIT, 1 the keyboard, 2 the second
// 8259, 4 the serial port, 8 the RTC, 9 the power button, 13 the FPU. Those of the ISA bus come
// first, which every kernel knows; 3 is the last of them, as a second serial port's, which drivers
// like to probe for.
constexpr std::array<std::uint32_t, kMaxVirtioDevices> kGsis = {5,  6,  7,  10, 11, 12, 14, 15, 3,
                                                                16, 17, 18, 19, 20, 21, 22, 23};

}  // namespace

std::vector<boot::VirtioMmioSlot> virtio_slots(std::size_t count) {
    SKIFF_CHECK(count <= kMaxVirtioDevices);
    std::vector<boot::VirtioMmioSlot> slots;
    for (std::size_t i = 0; i < count; ++i) {
        slots.push_back({.registers = {GuestAddress(kFirstPage + i * kPageSize), kPageSize},
                         .gsi = kGsis.at(i),
                         .id = static_cast<std::uint32_t>(i)});
    }
    return slots;
}

}  // namespace skiff::machine::x86_64
