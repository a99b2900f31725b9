// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/trace_symbols.h"

#include <catch2/catch.hpp>

#include "tests/support/elf_builder.h"
#include "tests/support/temporary_file.h"

using skiff::machine::with_symbols;

namespace {

skiff::boot::SymbolTable symbols() {
    const skiff::test::TemporaryFile file(skiff::test::ElfBuilder()
                                              .segment({0x1000000, skiff::test::pattern(64)})
                                              .symbol("start_kernel", 0xffffffff81000000, 0x100)
                                              .symbol("panic", 0xffffffff81000100, 0x80)
                                              .build());
    auto table = skiff::boot::SymbolTable::load(file.path());
    REQUIRE(table.ok());
    return *std::move(table);
}

}  // namespace

TEST_CASE("Raw addresses of a trace get their names, in each form that kernels print") {
    const auto table = symbols();
    CHECK(with_symbols("RIP: 0010:0xffffffff81000123", table, 0) ==
          "RIP: 0010:0xffffffff81000123 (panic+0x23)");
    CHECK(with_symbols("RIP: 0010:ffffffff81000123", table, 0) ==
          "RIP: 0010:ffffffff81000123 (panic+0x23)");
    CHECK(with_symbols("[    1.5]  [<ffffffff81000040>] ? 0xffffffff81000100 x", table, 0) ==
          "[    1.5]  [<ffffffff81000040>] (start_kernel+0x40) ? 0xffffffff81000100 (panic) x");
}

TEST_CASE("A kernel that was moved is asked for where it was linked") {
    CHECK(with_symbols("0xffffffff82000123", symbols(), 0x1000000) ==
          "0xffffffff82000123 (panic+0x23)");
}

TEST_CASE("What is no address of code stays as it is") {
    const auto table = symbols();
    for (const char* const line : {
             "RAX: ffffffff81000123 RBX: 0000000000000000",  // a register
             "0x0000000081000123",                           // no kernel address
             "0xffffffff8100012",                            // too short
             "0xffffffff810001234",                          // too long
             "[<ffffffff81000123",                           // not closed
             "0xffffffffffffffff",                           // no symbol near
             "do_one_initcall+0x45/0x210",
             "0x",
             "",
         }) {
        INFO(line);
        CHECK(with_symbols(line, table, 0) == line);
    }
}
