// SPDX-License-Identifier: Apache-2.0
#include "boot/acpi/acpi_tables.h"

#include <fmt/format.h>

#include <array>
#include <span>
#include <vector>

#include "base/units.h"
#include "boot/acpi/dsdt.h"
#include "boot/acpi/table_structs.h"
#include "boot/wire.h"

namespace skiff::boot::acpi {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr unsigned kMaxCpus = 254;
constexpr std::uint32_t kLocalApicAddress = 0xfee00000;
constexpr std::uint32_t kIoApicAddress = 0xfec00000;
constexpr std::uint64_t kTableAlignment = 16;

constexpr std::array<char, 6> kOemId = {'S', 'K', 'I', 'F', 'F', ' '};
constexpr std::array<char, 8> kOemTableId = {'S', 'K', 'I', 'F', 'F', 'V', 'M', ' '};
constexpr std::array<char, 4> kCreatorId = {'S', 'K', 'I', 'F'};

// ACPI 6.4: the tables' revisions.
constexpr std::uint8_t kXsdtRevision = 1;
constexpr std::uint8_t kFadtRevision = 6;
constexpr std::uint8_t kFadtMinorVersion = 4;
constexpr std::uint8_t kMadtRevision = 5;
constexpr std::uint8_t kDsdtRevision = 2;  // from 2 on, integers have 64 bits

// Offsets of the power control's registers, and what resets.
constexpr unsigned kSleepControl = 0;
constexpr unsigned kSleepStatus = 1;
constexpr unsigned kReset = 2;
constexpr std::uint8_t kResetValue = 1;

constexpr std::uint8_t kRtcCenturyIndex = 0x32;

/// A table whose header is complete: length and checksum.
Bytes table(std::array<char, 4> signature, std::uint8_t revision, const Bytes& body) {
    TableHeader header{.signature = signature,
                       .revision = revision,
                       .oem_id = kOemId,
                       .oem_table_id = kOemTableId,
                       .creator_id = kCreatorId};
    header.length = static_cast<std::uint32_t>(sizeof header + body.size());
    Bytes bytes;
    append_wire(bytes, header);
    bytes.insert(bytes.end(), body.begin(), body.end());
    bytes[offsetof(TableHeader, checksum)] = checksum_of(bytes);
    return bytes;
}

Bytes fadt(const AcpiConfig& config, GuestAddress dsdt) {
    const std::uint64_t ports = config.power_control.port_base;
    const FadtBody body{
        .dsdt = static_cast<std::uint32_t>(dsdt.value()),
        .century = kRtcCenturyIndex,
        .ia_pc_boot_arch = kLegacyDevices | k8042 | kVgaNotPresent,
        .flags = kWbinvd | kProcC1 | kNoFixedPowerButton | kNoFixedSleepButton | kNoFixedRtcWake |
                 kResetRegSupported | kHardwareReduced,
        .reset_reg = GenericAddress::port(ports + kReset),
        .reset_value = kResetValue,
        .minor_version = kFadtMinorVersion,
        .x_dsdt = dsdt.value(),
        .sleep_control_reg = GenericAddress::port(ports + kSleepControl),
        .sleep_status_reg = GenericAddress::port(ports + kSleepStatus),
        .hypervisor_vendor_identity = {'s', 'k', 'i', 'f', 'f', '\0', '\0', '\0'},
    };
    Bytes bytes;
    append_wire(bytes, body);
    return table({'F', 'A', 'C', 'P'}, kFadtRevision, bytes);
}

/// KVM routes every GSI below 24 to the I/O APIC's pin of the same number, IRQ 0 included
/// (arch/x86/kvm/irq_comm.c, default_routing): so there are no interrupt source overrides.
Bytes madt(unsigned cpu_count) {
    Bytes bytes;
    append_wire(bytes, MadtBody{.local_apic_address = kLocalApicAddress});
    for (unsigned i = 0; i < cpu_count; ++i) {
        const auto id = static_cast<std::uint8_t>(i);
        append_wire(bytes, MadtLocalApic{.processor_uid = id, .apic_id = id});
    }
    append_wire(bytes, MadtIoApic{.io_apic_id = static_cast<std::uint8_t>(cpu_count),
                                  .address = kIoApicAddress});
    append_wire(bytes, MadtLocalApicNmi{});
    return table({'A', 'P', 'I', 'C'}, kMadtRevision, bytes);
}

Bytes xsdt(std::span<const GuestAddress> tables) {
    Bytes bytes;
    for (const GuestAddress address : tables) {
        append_wire(bytes, address.value());
    }
    return table({'X', 'S', 'D', 'T'}, kXsdtRevision, bytes);
}

Bytes rsdp(GuestAddress xsdt_address) {
    Bytes bytes;
    append_wire(bytes, Rsdp{.oem_id = kOemId, .xsdt_address = xsdt_address.value()});
    const Bytes first_part(bytes.begin(), bytes.begin() + kRsdpFirstPart);
    bytes[offsetof(Rsdp, checksum)] = checksum_of(first_part);
    bytes[offsetof(Rsdp, extended_checksum)] = checksum_of(bytes);
    return bytes;
}

/// Puts one table after the other into the area.
class TableWriter {
  public:
    explicit TableWriter(GuestMemory& memory) : memory_(memory) {}

    Result<GuestAddress> write(const Bytes& bytes) {
        const GuestAddress at(next_);
        if (!kTableArea.contains(at, bytes.size())) {
            return Error::user(
                fmt::format("the ACPI tables do not fit their {}: too many CPUs or devices",
                            format_size(kTableArea.size_bytes)));
        }
        if (!memory_.write(at, bytes)) {
            return Error::host(fmt::format("no guest memory at {:#x} for ACPI tables", next_));
        }
        next_ = align_up(next_ + bytes.size(), kTableAlignment);
        return at;
    }

  private:
    GuestMemory& memory_;
    // The RSDP comes first, but is written last.
    std::uint64_t next_ = align_up(kTableArea.start.value() + sizeof(Rsdp), kTableAlignment);
};

}  // namespace

Result<GuestAddress> write_acpi_tables(GuestMemory& memory, const AcpiConfig& config) {
    SKIFF_CHECK(config.cpu_count >= 1 && config.cpu_count <= kMaxCpus);
    TableWriter writer(memory);
    SKIFF_ASSIGN_OR_RETURN(
        const GuestAddress dsdt,
        writer.write(table({'D', 'S', 'D', 'T'}, kDsdtRevision, dsdt_code(config))));
    SKIFF_ASSIGN_OR_RETURN(const GuestAddress fadt_at, writer.write(fadt(config, dsdt)));
    SKIFF_ASSIGN_OR_RETURN(const GuestAddress madt_at, writer.write(madt(config.cpu_count)));
    SKIFF_ASSIGN_OR_RETURN(const GuestAddress xsdt_at,
                           writer.write(xsdt(std::array{fadt_at, madt_at})));
    if (!memory.write(kTableArea.start, rsdp(xsdt_at))) {
        return Error::host("no guest memory for the ACPI root pointer");
    }
    return kTableArea.start;
}

}  // namespace skiff::boot::acpi
