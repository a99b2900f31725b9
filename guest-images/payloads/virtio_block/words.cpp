// SPDX-License-Identifier: Apache-2.0
#include "virtio_block/words.h"

#include "runtime/boot_info.h"

namespace payload {
namespace {

/// An option, or what skiff adds for a host's KVM (docs/cli.md, host quirks).
bool is_not_a_command(Text word) {
    if (word == text("emulated_cpl0")) {
        return true;
    }
    for (std::size_t i = 0; i < word.size; ++i) {
        if (word.data[i] == '=') {
            return true;
        }
    }
    return false;
}

/// The text up to the next `end`, or all; `from` moves behind that character.
Text take_until(Text text, char end, std::size_t& from) {
    const std::size_t begin = from;
    while (from < text.size && text.data[from] != end) {
        ++from;
    }
    const Text taken = {text.data + begin, from - begin};
    ++from;
    return taken;
}

std::uint64_t number_of(Text digits) {
    const bool hexadecimal = digits.size > 2 && digits.data[1] == 'x';
    std::uint64_t value = 0;
    for (std::size_t i = hexadecimal ? 2 : 0; i < digits.size; ++i) {
        const char digit = digits.data[i];
        value = value * (hexadecimal ? 16 : 10) +
                static_cast<std::uint64_t>(digit >= 'a' ? digit - 'a' + 10 : digit - '0');
    }
    return value;
}

}  // namespace

bool next_command(std::size_t& position, Command& command) {
    const Text line = command_line();
    while (position < line.size) {
        const Text word = take_until(line, ' ', position);
        if (word.size == 0 || is_not_a_command(word)) {
            continue;
        }
        std::size_t at = 0;
        command = {.word = word, .verb = take_until(word, ':', at)};
        while (at < word.size && command.count < Command::kMaxNumbers) {
            command.numbers[command.count++] = number_of(take_until(word, ':', at));
        }
        return true;
    }
    return false;
}

}  // namespace payload
