// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "boot/symbols.h"

namespace skiff::machine {

/// A line of a stack trace with the names of its raw addresses put behind them:
/// "RIP: 0010:0xffffffff81012345 (do_one_initcall+0x45)". Raw are the addresses of a kernel without
/// CONFIG_KALLSYMS: "0xffffffff81012345", "[<ffffffff81012345>]", "RIP: 0010:ffffffff81012345".
/// Numbers in other forms (registers, stack contents) stay as they are. `offset` is how far from
/// its linked addresses the kernel runs. The line is the guest's text.
std::string with_symbols(std::string_view line, const boot::SymbolTable& symbols,
                         std::uint64_t offset);

}  // namespace skiff::machine
