// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <array>

namespace skiff {

std::size_t utf8_length(std::string_view text) {
    struct Form {
        unsigned char first_min, first_max, second_min, second_max;
        std::size_t length;
    };
    static constexpr std::array kForms = {
        Form{0xc2, 0xdf, 0x80, 0xbf, 2}, Form{0xe0, 0xe0, 0xa0, 0xbf, 3},
        Form{0xe1, 0xec, 0x80, 0xbf, 3}, Form{0xed, 0xed, 0x80, 0x9f, 3},
        Form{0xee, 0xef, 0x80, 0xbf, 3}, Form{0xf0, 0xf0, 0x90, 0xbf, 4},
        Form{0xf1, 0xf3, 0x80, 0xbf, 4}, Form{0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    if (static_cast<unsigned char>(text[0]) < 0x80) {
        return 1;  // ASCII
    }
    const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
    for (const Form& form : kForms) {
        if (byte(0) < form.first_min || byte(0) > form.first_max) {
            continue;
        }
        if (text.size() < form.length || byte(1) < form.second_min || byte(1) > form.second_max) {
            return 0;
        }
        for (std::size_t index = 2; index < form.length; ++index) {
            if ((byte(index) & 0xc0) != 0x80) {
                return 0;
            }
        }
        return form.length;
    }
    return 0;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

}  // namespace skiff
