// SPDX-License-Identifier: Apache-2.0
#include "boot/x86_64/mp_table.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "boot/wire.h"

namespace skiff::boot::x86_64 {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr unsigned kMaxCpus = 254;
constexpr std::uint32_t kLocalApicAddress = 0xfee00000;
constexpr std::uint32_t kIoApicAddress = 0xfec00000;
// Versions as KVM's APICs have them.
constexpr std::uint8_t kLocalApicVersion = 0x14;
constexpr std::uint8_t kIoApicVersion = 0x11;
constexpr std::uint8_t kIoApicPins = 24;
constexpr std::uint8_t kSpecificationRevision14 = 4;
constexpr std::uint8_t kIsaBus = 0;
constexpr std::uint8_t kAllLocalApics = 0xff;

/// 4.1 MP floating pointer structure.
struct [[gnu::packed]] FloatingPointer {
    std::array<char, 4> signature = {'_', 'M', 'P', '_'};
    std::uint32_t table_address;
    std::uint8_t length_paragraphs = 1;
    std::uint8_t specification_revision = kSpecificationRevision14;
    std::uint8_t checksum = 0;
    std::array<std::uint8_t, 5> features{};  ///< A configuration table; virtual wire mode.
};
static_assert(sizeof(FloatingPointer) == 16);

/// 4.2 MP configuration table header.
struct [[gnu::packed]] TableHeader {
    std::array<char, 4> signature = {'P', 'C', 'M', 'P'};
    std::uint16_t length = 0;
    std::uint8_t specification_revision = kSpecificationRevision14;
    std::uint8_t checksum = 0;
    std::array<char, 8> oem_id = {'S', 'K', 'I', 'F', 'F', ' ', ' ', ' '};
    std::array<char, 12> product_id = {'V', 'M', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' '};
    std::uint32_t oem_table = 0;
    std::uint16_t oem_table_size = 0;
    std::uint16_t entry_count = 0;
    std::uint32_t local_apic_address = kLocalApicAddress;
    std::uint16_t extended_length = 0;
    std::uint8_t extended_checksum = 0;
    std::uint8_t reserved = 0;
};
static_assert(sizeof(TableHeader) == 44);

/// 4.3.1 Processor entry.
struct [[gnu::packed]] Processor {
    static constexpr std::uint8_t kEnabled = 1 << 0;
    static constexpr std::uint8_t kBootProcessor = 1 << 1;
    static constexpr std::uint32_t kFpu = 1 << 0;
    static constexpr std::uint32_t kApic = 1 << 9;

    std::uint8_t type = 0;
    std::uint8_t local_apic_id;
    std::uint8_t local_apic_version = kLocalApicVersion;
    std::uint8_t flags;
    std::uint32_t signature = 0x600;  ///< Family 6; who wants to know asks CPUID.
    std::uint32_t features = kFpu | kApic;
    std::array<std::uint32_t, 2> reserved{};
};
static_assert(sizeof(Processor) == 20);

/// 4.3.2 Bus entry.
struct [[gnu::packed]] BusEntry {
    std::uint8_t type = 1;
    std::uint8_t id = kIsaBus;
    std::array<char, 6> bus_type = {'I', 'S', 'A', ' ', ' ', ' '};
};
static_assert(sizeof(BusEntry) == 8);

/// 4.3.3 I/O APIC entry.
struct [[gnu::packed]] IoApic {
    std::uint8_t type = 2;
    std::uint8_t id;
    std::uint8_t version = kIoApicVersion;
    std::uint8_t flags = 1;  ///< Enabled.
    std::uint32_t address = kIoApicAddress;
};
static_assert(sizeof(IoApic) == 8);

/// 4.3.4 and 4.3.5: I/O and local interrupt assignment entries.
struct [[gnu::packed]] Interrupt {
    static constexpr std::uint8_t kIo = 3;
    static constexpr std::uint8_t kLocal = 4;
    static constexpr std::uint8_t kInt = 0;
    static constexpr std::uint8_t kNmi = 1;
    static constexpr std::uint8_t kExtInt = 3;

    std::uint8_t type;
    std::uint8_t interrupt_type;
    std::uint16_t flags = 0;  ///< Polarity and trigger as the bus has them: active high, edge.
    std::uint8_t source_bus = kIsaBus;
    std::uint8_t source_irq;
    std::uint8_t destination_apic;
    std::uint8_t destination_pin;
};
static_assert(sizeof(Interrupt) == 8);

/// The table's entries, in the order that 4.3 asks for: by type.
class Entries {
  public:
    template <typename Entry>
    void add(const Entry& entry) {
        append_wire(bytes_, entry);
        ++count_;
    }
    std::uint16_t count() const { return count_; }
    const Bytes& bytes() const { return bytes_; }

  private:
    Bytes bytes_;
    std::uint16_t count_ = 0;
};

Entries entries_for(unsigned cpu_count) {
    Entries entries;
    for (unsigned i = 0; i < cpu_count; ++i) {
        const bool is_boot_processor = i == 0;
        entries.add(Processor{.local_apic_id = static_cast<std::uint8_t>(i),
                              .flags = is_boot_processor ? std::uint8_t{Processor::kEnabled |
                                                                        Processor::kBootProcessor}
                                                         : Processor::kEnabled});
    }
    entries.add(BusEntry{});
    // The next free id: 254 at most, as 255 stands for all APICs. But not 1: Linux gives that to
    // the I/O APIC of a device tree, and must not find these entries for it. It would hand them to
    // that one's interrupt domain, which does not understand them (arch/x86/kernel/devicetree.c,
    // dt_irqdomain_alloc()).
    const auto io_apic_id = static_cast<std::uint8_t>(std::max(cpu_count, 2U));
    entries.add(IoApic{.id = io_apic_id});
    // KVM routes IRQ n to pin n, IRQ 0 included (arch/x86/kvm/irq_comm.c, default_routing); pin 2,
    // the second 8259's on a PC, has no source of its own. Pins 16 to 23 are of no ISA bus, but a
    // kernel without ACPI only uses a pin that it finds here, and virtio devices want them.
    for (std::uint8_t irq = 0; irq < kIoApicPins; ++irq) {
        if (irq != 2) {
            entries.add(Interrupt{.type = Interrupt::kIo,
                                  .interrupt_type = Interrupt::kInt,
                                  .source_irq = irq,
                                  .destination_apic = io_apic_id,
                                  .destination_pin = irq});
        }
    }
    entries.add(Interrupt{.type = Interrupt::kLocal,
                          .interrupt_type = Interrupt::kExtInt,
                          .source_irq = 0,
                          .destination_apic = 0,
                          .destination_pin = 0});
    entries.add(Interrupt{.type = Interrupt::kLocal,
                          .interrupt_type = Interrupt::kNmi,
                          .source_irq = 0,
                          .destination_apic = kAllLocalApics,
                          .destination_pin = 1});
    return entries;
}

Bytes configuration_table(unsigned cpu_count) {
    const Entries entries = entries_for(cpu_count);
    TableHeader header;
    header.entry_count = entries.count();
    header.length = static_cast<std::uint16_t>(sizeof header + entries.bytes().size());
    Bytes bytes;
    append_wire(bytes, header);
    bytes.insert(bytes.end(), entries.bytes().begin(), entries.bytes().end());
    bytes[offsetof(TableHeader, checksum)] = checksum_of(bytes);
    return bytes;
}

}  // namespace

Result<void> write_mp_table(GuestMemory& memory, unsigned cpu_count) {
    SKIFF_CHECK(cpu_count >= 1 && cpu_count <= kMaxCpus);
    const auto table_address = static_cast<std::uint32_t>(kMpTableArea.start.value());
    Bytes pointer;
    append_wire(pointer, FloatingPointer{.table_address = table_address});
    pointer[offsetof(FloatingPointer, checksum)] = checksum_of(pointer);
    const Bytes table = configuration_table(cpu_count);
    SKIFF_CHECK(table.size() <= kMpTableArea.size_bytes);
    if (!memory.write(kMpFloatingPointer, pointer) || !memory.write(kMpTableArea.start, table)) {
        return Error::host("no guest memory for the MP table");
    }
    return {};
}

}  // namespace skiff::boot::x86_64
