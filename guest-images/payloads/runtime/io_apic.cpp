// SPDX-License-Identifier: Apache-2.0
#include "runtime/io_apic.h"

#include "runtime/io_port.h"
#include "runtime/local_apic.h"
#include "runtime/memory_access.h"

namespace payload::io_apic {
namespace {

constexpr std::uint64_t kSelect = 0xfec00000;
constexpr std::uint64_t kWindow = 0xfec00010;
constexpr std::uint32_t kFirstRedirection = 0x10;

constexpr std::uint16_t kMasterMask = 0x21;
constexpr std::uint16_t kSlaveMask = 0xa1;

void write(std::uint32_t index, std::uint32_t value) {
    store(kSelect, index);
    store(kWindow, value);
}

}  // namespace

void mask_legacy_controllers() {
    out8(kMasterMask, 0xff);
    out8(kSlaveMask, 0xff);
}

void route(std::uint8_t pin, std::uint8_t vector) {
    const std::uint32_t index = kFirstRedirection + 2u * pin;
    write(index + 1, local_apic::id() << 24);
    write(index, vector);
}

}  // namespace payload::io_apic
