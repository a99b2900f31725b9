// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "runtime/console.h"

namespace payload {

/// One word of the command line, `verb:number:number…`.
struct Command {
    static constexpr unsigned kMaxNumbers = 8;

    Text word;
    Text verb;
    std::uint64_t numbers[kMaxNumbers] = {};
    unsigned count = 0;

    /// The number at `index`, or `otherwise` where the word has fewer.
    std::uint64_t number(unsigned index, std::uint64_t otherwise = 0) const {
        return index < count ? numbers[index] : otherwise;
    }
};

/// Takes the word after `position` (0 is the first) off the command line, passing over options
/// (`name=value`); false at its end. Numbers are decimal or, with 0x, hexadecimal.
bool next_command(std::size_t& position, Command& command);

}  // namespace payload
