// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/guest_address.h"
#include "boot/acpi/aml.h"

/// Resource descriptors, the contents of a device's _CRS (ACPI 6.4, section 6.4).
namespace skiff::boot::acpi {

class ResourceTemplate {
  public:
    /// Ports that decode 16 address bits.
    void add_ports(std::uint16_t base, std::uint8_t count);
    /// Read-write memory below 4 GiB.
    void add_memory(const GuestRange& range);
    /// An interrupt of our own: edge, active high, exclusive.
    void add_interrupt(std::uint32_t gsi);

    /// As a buffer with the end tag.
    aml::Code code() const;

  private:
    aml::Code bytes_;
};

}  // namespace skiff::boot::acpi
