// SPDX-License-Identifier: Apache-2.0
#include "boot/acpi/acpi_tables.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

#include "table_bytes.h"

namespace skiff::boot::acpi {
namespace {

using test::low_memory;
using test::TableBytes;

TableBytes table_at(const GuestMemory& memory, std::uint64_t address) {
    const TableBytes header(memory, address, 36);
    TableBytes table(memory, address, header.number(4, 4));
    REQUIRE(kTableArea.contains(GuestAddress(address), table.size()));
    REQUIRE(address % 16 == 0);
    REQUIRE(table.sum() == 0);
    REQUIRE(table.text(10, 6) == "SKIFF ");
    return table;
}

/// RSDP to XSDT to each table, as a guest goes. Checks each one's place and checksum.
std::map<std::string, TableBytes> walk(const GuestMemory& memory, GuestAddress rsdp_address) {
    const TableBytes rsdp(memory, rsdp_address.value(), 36);
    REQUIRE(rsdp_address.value() % 16 == 0);
    REQUIRE(rsdp.text(0, 8) == "RSD PTR ");
    REQUIRE(rsdp.number(15, 1) == 2);
    REQUIRE(rsdp.number(20, 4) == 36);
    REQUIRE(rsdp.sum(20) == 0);
    REQUIRE(rsdp.sum() == 0);

    std::map<std::string, TableBytes> tables;
    const TableBytes xsdt = table_at(memory, rsdp.number(24, 8));
    REQUIRE(xsdt.text(0, 4) == "XSDT");
    REQUIRE((xsdt.size() - 36) % 8 == 0);
    for (std::size_t offset = 36; offset < xsdt.size(); offset += 8) {
        const TableBytes table = table_at(memory, xsdt.number(offset, 8));
        REQUIRE(tables.emplace(table.text(0, 4), table).second);
    }
    const TableBytes& fadt = tables.at("FACP");
    REQUIRE(fadt.number(40, 4) == fadt.number(140, 8));
    tables.emplace("DSDT", table_at(memory, fadt.number(140, 8)));
    return tables;
}

std::map<std::string, TableBytes> tables_of(const AcpiConfig& config) {
    GuestMemory memory = low_memory();
    const auto rsdp = write_acpi_tables(memory, config);
    REQUIRE(rsdp.ok());
    return walk(memory, *rsdp);
}

}  // namespace

TEST_CASE("ACPI: the tables are found from the RSDP, for one CPU and for the most there can be") {
    for (const unsigned cpus : {1U, 2U, 254U}) {
        INFO(cpus);
        const auto tables = tables_of({.cpu_count = cpus});
        REQUIRE(tables.size() == 3);
        REQUIRE(tables.at("DSDT").size() > 36);
    }
}

TEST_CASE("ACPI: the RSDP is where a guest that was not told looks for it, on either protocol") {
    GuestMemory memory = low_memory();
    REQUIRE(write_acpi_tables(memory, {})->value() == 0xe0000);
}

TEST_CASE("ACPI: tables written for fewer CPUs over ones for more are whole") {
    GuestMemory memory = low_memory();
    REQUIRE(write_acpi_tables(memory, {.cpu_count = 254}).ok());
    const auto rsdp = write_acpi_tables(memory, {.cpu_count = 1});
    REQUIRE(walk(memory, *rsdp).at("APIC").size() == 44 + 8 + 12 + 6);
}

TEST_CASE("ACPI: the MADT lists CPUs with ids from 0, then an I/O APIC with the next one") {
    for (const unsigned cpus : {1U, 3U, 254U}) {
        const auto tables = tables_of({.cpu_count = cpus});
        const TableBytes& madt = tables.at("APIC");
        REQUIRE(madt.number(36, 4) == 0xfee00000);
        std::vector<std::uint64_t> apic_ids;
        std::uint64_t io_apics = 0;
        std::size_t offset = 44;
        while (offset < madt.size()) {
            const std::uint64_t type = madt.number(offset, 1);
            if (type == 0) {
                REQUIRE(madt.number(offset + 2, 1) == madt.number(offset + 3, 1));
                REQUIRE(madt.number(offset + 4, 4) == 1);  // enabled
                apic_ids.push_back(madt.number(offset + 3, 1));
            } else if (type == 1) {
                ++io_apics;
                REQUIRE(madt.number(offset + 2, 1) == cpus);
                REQUIRE(madt.number(offset + 4, 4) == 0xfec00000);
                REQUIRE(madt.number(offset + 8, 4) == 0);
            } else {
                REQUIRE(type == 4);
                REQUIRE(madt.number(offset + 2, 1) == 0xff);
                REQUIRE(madt.number(offset + 5, 1) == 1);  // LINT1
            }
            REQUIRE(madt.number(offset + 1, 1) >= 6);
            offset += madt.number(offset + 1, 1);
        }
        REQUIRE(offset == madt.size());
        REQUIRE(io_apics == 1);
        REQUIRE(apic_ids.size() == cpus);
        for (unsigned i = 0; i < cpus; ++i) {
            REQUIRE(apic_ids[i] == i);
        }
    }
}

TEST_CASE("ACPI: the FADT names the power control's registers where it is") {
    AcpiConfig config;
    config.power_control.port_base = 0x1230;
    const auto tables = tables_of(config);
    const TableBytes& fadt = tables.at("FACP");
    REQUIRE(fadt.size() == 276);
    REQUIRE((fadt.number(112, 4) & (1U << 20)) != 0);  // HW_REDUCED_ACPI
    REQUIRE((fadt.number(112, 4) & (1U << 10)) != 0);  // RESET_REG_SUP
    REQUIRE((fadt.number(109, 2) & (1U << 1)) != 0);   // 8042
    REQUIRE((fadt.number(109, 2) & (1U << 5)) == 0);   // CMOS RTC not present
    REQUIRE(fadt.number(108, 1) == 0x32);              // century
    REQUIRE(fadt.number(128, 1) == 1);                 // RESET_VALUE
    for (const auto& [offset, port] : std::vector<std::pair<std::size_t, std::uint64_t>>{
             {116, 0x1232}, {244, 0x1230}, {256, 0x1231}}) {
        REQUIRE(fadt.number(offset, 1) == 1);      // I/O space
        REQUIRE(fadt.number(offset + 1, 1) == 8);  // bits
        REQUIRE(fadt.number(offset + 3, 1) == 1);  // byte access
        REQUIRE(fadt.number(offset + 4, 8) == port);
    }
}

TEST_CASE("ACPI: more devices than fit are a user error, and nothing behind the area is touched") {
    GuestMemory memory = low_memory();
    AcpiConfig config;
    for (unsigned i = 0; i < 2000; ++i) {
        config.devices.push_back({.name = "V" + std::to_string(i),
                                  .hid = "LNRO0005",
                                  .uid = i,
                                  .memory = {{GuestAddress(0xd0000000), 0x1000}},
                                  .gsis = {16}});
        config.devices.back().name.resize(4, '_');
    }
    const auto result = write_acpi_tables(memory, config);
    REQUIRE_FALSE(result.ok());
    REQUIRE(result.error().kind() == ErrorKind::kUser);
    REQUIRE(result.error().message().find("too many") != std::string::npos);
    REQUIRE(TableBytes(memory, kTableArea.end(), kMiB - kTableArea.end()).sum() == 0);
}

TEST_CASE("ACPI: memory that ends below the area is a host error") {
    const GuestRange ram{GuestAddress(0), 0x80000};
    auto memory = GuestMemory::create({&ram, 1}, {});
    REQUIRE(memory.ok());
    const auto result = write_acpi_tables(*memory, {});
    REQUIRE_FALSE(result.ok());
    REQUIRE(result.error().kind() == ErrorKind::kHost);
}

}  // namespace skiff::boot::acpi
