// SPDX-License-Identifier: Apache-2.0
#include "boot/acpi/aml.h"

#include <catch2/catch.hpp>

#include <string>

#include "boot/acpi/resources.h"

namespace skiff::boot::acpi::aml {
namespace {

Code zeros(std::size_t count) {
    return Code(count, 0);
}

Code first(const Code& code, std::size_t count) {
    REQUIRE(code.size() >= count);
    return {code.begin(), code.begin() + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace

TEST_CASE("AML: integers take the shortest form") {
    REQUIRE(integer(0) == Code{0x00});
    REQUIRE(integer(1) == Code{0x01});
    REQUIRE(integer(2) == Code{0x0a, 0x02});
    REQUIRE(integer(0xff) == Code{0x0a, 0xff});
    REQUIRE(integer(0x100) == Code{0x0b, 0x00, 0x01});
    REQUIRE(integer(0xffff) == Code{0x0b, 0xff, 0xff});
    REQUIRE(integer(0x10000) == Code{0x0c, 0x00, 0x00, 0x01, 0x00});
    REQUIRE(integer(0xffffffff) == Code{0x0c, 0xff, 0xff, 0xff, 0xff});
    REQUIRE(integer(0x100000000) == Code{0x0e, 0, 0, 0, 0, 1, 0, 0, 0});
}

TEST_CASE("AML: names are padded, and paths say how many there are") {
    REQUIRE(path("GED") == Code{'G', 'E', 'D', '_'});
    REQUIRE(path("\\_SB") == Code{'\\', '_', 'S', 'B', '_'});
    REQUIRE(path("\\") == Code{'\\', 0x00});
    REQUIRE(path("\\_SB.PWRB") == Code{'\\', 0x2e, '_', 'S', 'B', '_', 'P', 'W', 'R', 'B'});
    REQUIRE(path("A.B.C") ==
            Code{0x2f, 3, 'A', '_', '_', '_', 'B', '_', '_', '_', 'C', '_', '_', '_'});
}

TEST_CASE("AML: a package's length counts its own bytes, at each of its sizes") {
    // A scope of the root has an opcode, the length, and two bytes of name before its terms.
    struct Row {
        std::size_t terms;
        Code start;
    };
    for (const Row& row :
         {Row{0x3f - 3, {0x10, 0x3f}}, Row{0x40 - 3, {0x10, 0x41, 0x04}},
          Row{0xfff - 4, {0x10, 0x4f, 0xff}}, Row{0x1000 - 4, {0x10, 0x81, 0x00, 0x01}},
          Row{0xfffff - 5, {0x10, 0x8f, 0xff, 0xff}},
          Row{0x100000 - 5, {0x10, 0xc1, 0x00, 0x00, 0x01}}}) {
        INFO(row.terms);
        const Code code = scope("\\", zeros(row.terms));
        REQUIRE(first(code, row.start.size()) == row.start);
        REQUIRE(code.size() == row.start.size() + 2 + row.terms);
    }
}

TEST_CASE("AML: device ids are compressed where they have that form") {
    REQUIRE(hardware_id("PNP0501") == Code{0x0c, 0x41, 0xd0, 0x05, 0x01});
    REQUIRE(hardware_id("PNP0C0C") == Code{0x0c, 0x41, 0xd0, 0x0c, 0x0c});
    REQUIRE(hardware_id("ACPI0013").front() == 0x0d);
    REQUIRE(hardware_id("LNRO0005") == Code{0x0d, 'L', 'N', 'R', 'O', '0', '0', '0', '5', 0x00});
    REQUIRE(hardware_id("PNP05G1").front() == 0x0d);
}

TEST_CASE("AML: a field of a byte lies at its offset") {
    REQUIRE(byte_field("PWRC", "EVNT", 4) ==
            Code{0x5b, 0x81, 0x0d, 'P', 'W', 'R', 'C', 0x41, 0x00, 0x20, 'E', 'V', 'N', 'T', 0x08});
    REQUIRE(byte_field("PWRC", "EVNT", 8) == Code{0x5b, 0x81, 0x0e, 'P', 'W', 'R', 'C', 0x41, 0x00,
                                                  0x40, 0x04, 'E', 'V', 'N', 'T', 0x08});
}

TEST_CASE("AML: a resource template is a buffer that ends with the end tag") {
    ResourceTemplate resources;
    resources.add_ports(0x3f8, 8);
    resources.add_interrupt(4);
    resources.add_memory({GuestAddress(0xd0000000), 0x1000});
    REQUIRE(resources.code() == Code{0x11, 34,  0x0a, 31,                            // buffer
                                     0x47, 1,   0xf8, 0x03, 0xf8, 0x03, 1, 8,        // ports
                                     0x89, 6,   0,    0x03, 1,    4,    0, 0,    0,  // interrupt
                                     0x86, 9,   0,    1,    0,    0,    0, 0xd0, 0,
                                     0x10, 0,   0,  // memory
                                     0x79, 0x00});
}

}  // namespace skiff::boot::acpi::aml
