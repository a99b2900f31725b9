// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// The IOAPIC (Intel 82093AA), and the two 8259A it takes the place of.
namespace payload::io_apic {

/// Masks both 8259A, so that each interrupt comes through the IOAPIC only.
void mask_legacy_controllers();

/// Input `pin` raises `vector` on the boot processor: edge-triggered, active high.
void route(std::uint8_t pin, std::uint8_t vector);

}  // namespace payload::io_apic
