// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/printable.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>

namespace skiff::test_suite {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

struct Decoded {
    char32_t character = 0;
    std::size_t size = 0;  ///< In bytes; 0: no UTF-8.
};

std::uint8_t byte_at(std::string_view text, std::size_t index) {
    return static_cast<std::uint8_t>(text[index]);
}

/// The character at the start of `text` (RFC 3629), which is not empty.
Decoded decode(std::string_view text) {
    const std::uint8_t first = byte_at(text, 0);
    if (first < 0x80) {
        return {first, 1};
    }
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < size) {
        return {};
    }
    char32_t character = first & (0x7fU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        const std::uint8_t next = byte_at(text, i);
        if ((next & 0xc0) != 0x80) {
            return {};
        }
        character = (character << 6) | (next & 0x3f);
    }
    constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = character >= 0xd800 && character <= 0xdfff;
    if (character < kSmallest[size] || character > 0x10ffff || surrogate) {
        return {};
    }
    return {character, size};
}

/// C1 controls are as able to drive a terminal as those of ASCII.
bool is_control(char32_t character) {
    return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

bool is_no_character(char32_t character) {
    return character == 0xfffe || character == 0xffff;
}

std::string escaped(char32_t character) {
    return fmt::format("\\x{:02x}", static_cast<std::uint32_t>(character));
}

}  // namespace

std::string printable(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size());
    while (!bytes.empty()) {
        const Decoded next = decode(bytes);
        if (next.size == 0) {
            text += kReplacement;
            bytes.remove_prefix(1);
            continue;
        }
        if (next.character == '\r') {
            text += bytes.starts_with("\r\n") ? "" : "\n";
        } else if (is_control(next.character) && next.character != '\n' && next.character != '\t') {
            text += escaped(next.character);
        } else {
            text += is_no_character(next.character) ? kReplacement : bytes.substr(0, next.size);
        }
        bytes.remove_prefix(next.size);
    }
    return text;
}

std::string printable_line(std::string_view bytes) {
    std::string line;
    for (const char c : printable(bytes)) {
        if (c == '\n') {
            line += "\\n";
        } else if (c == '\t') {
            line += "\\t";
        } else {
            line += c;
        }
    }
    return line;
}

}  // namespace skiff::test_suite
