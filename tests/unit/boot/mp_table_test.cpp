// SPDX-License-Identifier: Apache-2.0
#include "boot/x86_64/mp_table.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "table_bytes.h"

namespace skiff::boot::x86_64 {
namespace {

using test::low_memory;
using test::TableBytes;

TableBytes table_in(const GuestMemory& memory) {
    const TableBytes pointer(memory, kMpFloatingPointer.value(), 16);
    REQUIRE(pointer.text(0, 4) == "_MP_");
    REQUIRE(pointer.sum() == 0);
    REQUIRE(pointer.number(8, 1) == 1);   // in paragraphs
    REQUIRE(pointer.number(9, 1) == 4);   // revision 1.4
    REQUIRE(pointer.number(11, 1) == 0);  // a configuration table
    const std::uint64_t address = pointer.number(4, 4);
    const TableBytes header(memory, address, 44);
    REQUIRE(header.text(0, 4) == "PCMP");
    TableBytes table(memory, address, header.number(4, 2));
    REQUIRE(kMpTableArea.contains(GuestAddress(address), table.size()));
    REQUIRE(table.sum() == 0);
    REQUIRE(table.number(36, 4) == 0xfee00000);
    return table;
}

/// What a guest learns from the table.
struct Parsed {
    std::set<std::uint64_t> cpu_ids;
    std::set<std::uint64_t> boot_cpus;
    std::uint64_t io_apic_id = 0;
    std::set<std::uint64_t> irqs;
    std::set<std::pair<std::uint64_t, std::uint64_t>> local;  // interrupt type, pin
};

Parsed parse(const TableBytes& table) {
    Parsed parsed;
    std::size_t offset = 44;
    std::uint64_t previous_type = 0;
    for (std::uint64_t left = table.number(34, 2); left > 0; --left) {
        const std::uint64_t type = table.number(offset, 1);
        REQUIRE(type >= previous_type);
        previous_type = type;
        if (type == 0) {
            const std::uint64_t id = table.number(offset + 1, 1);
            REQUIRE(parsed.cpu_ids.insert(id).second);
            REQUIRE((table.number(offset + 3, 1) & 1) != 0);
            if ((table.number(offset + 3, 1) & 2) != 0) {
                parsed.boot_cpus.insert(id);
            }
        } else if (type == 1) {
            REQUIRE(table.number(offset + 1, 1) == 0);
            REQUIRE(table.text(offset + 2, 6) == "ISA   ");
        } else if (type == 2) {
            parsed.io_apic_id = table.number(offset + 1, 1);
            REQUIRE(table.number(offset + 3, 1) == 1);
            REQUIRE(table.number(offset + 4, 4) == 0xfec00000);
        } else if (type == 3) {
            REQUIRE(table.number(offset + 1, 3) == 0);  // INT, as the bus has it
            REQUIRE(table.number(offset + 4, 1) == 0);  // ISA
            REQUIRE(table.number(offset + 5, 1) == table.number(offset + 7, 1));
            REQUIRE(table.number(offset + 6, 1) == parsed.io_apic_id);
            parsed.irqs.insert(table.number(offset + 5, 1));
        } else {
            REQUIRE(type == 4);
            parsed.local.emplace(table.number(offset + 1, 1), table.number(offset + 7, 1));
        }
        offset += type == 0 ? 20 : 8;
    }
    REQUIRE(offset == table.size());
    return parsed;
}

}  // namespace

TEST_CASE("MP table: describes each number of CPUs from 1 to 254") {
    for (unsigned cpus = 1; cpus <= 254; ++cpus) {
        INFO(cpus);
        GuestMemory memory = low_memory();
        REQUIRE(write_mp_table(memory, cpus).ok());
        const Parsed parsed = parse(table_in(memory));
        REQUIRE(parsed.cpu_ids.size() == cpus);
        REQUIRE(*parsed.cpu_ids.rbegin() == cpus - 1);
        REQUIRE(parsed.boot_cpus == std::set<std::uint64_t>{0});
        REQUIRE(parsed.io_apic_id == std::max(cpus, 2U));  // never 1: see mp_table.cpp
    }
}

TEST_CASE("MP table: IRQ n is at pin n as KVM routes it, LINT0 takes the 8259 and LINT1 NMI") {
    GuestMemory memory = low_memory();
    REQUIRE(write_mp_table(memory, 2).ok());
    const Parsed parsed = parse(table_in(memory));
    REQUIRE(parsed.irqs.size() == 23);
    REQUIRE(*parsed.irqs.begin() == 0);
    REQUIRE(*parsed.irqs.rbegin() == 23);
    REQUIRE(parsed.irqs.count(2) == 0);  // the cascade
    REQUIRE(parsed.local == std::set<std::pair<std::uint64_t, std::uint64_t>>{{3, 0}, {1, 1}});
}

TEST_CASE("MP table: memory that ends below its area is a host error") {
    const GuestRange ram{GuestAddress(0), 0x80000};
    auto memory = GuestMemory::create({&ram, 1}, {});
    REQUIRE(memory.ok());
    const auto result = write_mp_table(*memory, 1);
    REQUIRE_FALSE(result.ok());
    REQUIRE(result.error().kind() == ErrorKind::kHost);
}

}  // namespace skiff::boot::x86_64
