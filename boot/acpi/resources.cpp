// SPDX-License-Identifier: Apache-2.0
#include "boot/acpi/resources.h"

#include "base/check.h"
#include "base/units.h"
#include "boot/wire.h"

namespace skiff::boot::acpi {
namespace {

/// 6.4.2.5 I/O port descriptor.
struct [[gnu::packed]] IoPortDescriptor {
    std::uint8_t tag = 0x47;
    std::uint8_t decodes_16_bits = 1;
    std::uint16_t minimum_base;
    std::uint16_t maximum_base;
    std::uint8_t alignment = 1;
    std::uint8_t count;
};
static_assert(sizeof(IoPortDescriptor) == 8);

/// 6.4.3.4 32-bit fixed memory range descriptor.
struct [[gnu::packed]] Memory32FixedDescriptor {
    std::uint8_t tag = 0x86;
    std::uint16_t length = 9;
    std::uint8_t writable = 1;
    std::uint32_t base;
    std::uint32_t size_bytes;
};
static_assert(sizeof(Memory32FixedDescriptor) == 12);

/// 6.4.3.6 Extended interrupt descriptor.
struct [[gnu::packed]] ExtendedInterruptDescriptor {
    static constexpr std::uint8_t kConsumer = 1 << 0;
    static constexpr std::uint8_t kEdge = 1 << 1;  // active high and exclusive are zeros

    std::uint8_t tag = 0x89;
    std::uint16_t length = 6;
    std::uint8_t flags = kConsumer | kEdge;
    std::uint8_t count = 1;
    std::uint32_t gsi;
};
static_assert(sizeof(ExtendedInterruptDescriptor) == 9);

/// 6.4.2.9 End tag; a checksum of 0 counts as right.
struct [[gnu::packed]] EndTag {
    std::uint8_t tag = 0x79;
    std::uint8_t checksum = 0;
};

}  // namespace

void ResourceTemplate::add_ports(std::uint16_t base, std::uint8_t count) {
    append_wire(bytes_,
                IoPortDescriptor{.minimum_base = base, .maximum_base = base, .count = count});
}

void ResourceTemplate::add_memory(const GuestRange& range) {
    SKIFF_CHECK(range.is_valid() && range.size_bytes != 0 && range.end() <= 4 * kGiB);
    append_wire(bytes_, Memory32FixedDescriptor{
                            .base = static_cast<std::uint32_t>(range.start.value()),
                            .size_bytes = static_cast<std::uint32_t>(range.size_bytes)});
}

void ResourceTemplate::add_interrupt(std::uint32_t gsi) {
    append_wire(bytes_, ExtendedInterruptDescriptor{.gsi = gsi});
}

aml::Code ResourceTemplate::code() const {
    aml::Code bytes = bytes_;
    append_wire(bytes, EndTag{});
    return aml::buffer(bytes);
}

}  // namespace skiff::boot::acpi
