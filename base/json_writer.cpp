// SPDX-License-Identifier: Apache-2.0
#include "base/json_writer.h"

#include <fmt/format.h>

#include <array>

namespace skiff {
namespace {

constexpr std::string_view kReplacement = "\\ufffd";

/// Length of the UTF-8 sequence at the beginning of `text` (RFC 3629, section 4), 0 where it is
/// none.
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

}  // namespace

void JsonWriter::string(std::string_view key, std::string_view value) {
    separate(key);
    text_ += json_quoted(value);
}

void JsonWriter::number(std::string_view key, std::uint64_t value) {
    separate(key);
    text_ += fmt::format("{}", value);
}

void JsonWriter::boolean(std::string_view key, bool value) {
    separate(key);
    text_ += value ? "true" : "false";
}

void JsonWriter::element(std::string_view value) {
    separate({});
    text_ += json_quoted(value);
}

void JsonWriter::begin(char bracket, std::string_view key) {
    separate(key);
    text_ += bracket;
    ++depth_;
    empty_ = true;
}

void JsonWriter::end(char bracket) {
    --depth_;
    if (!empty_ && layout_ == Layout::kLines) {
        text_ += '\n';
        text_.append(2 * depth_, ' ');
    }
    text_ += bracket;
    empty_ = false;
}

void JsonWriter::separate(std::string_view key) {
    if (depth_ > 0) {
        text_ += empty_ ? "" : ",";
        if (layout_ == Layout::kLines) {
            text_ += '\n';
            text_.append(2 * depth_, ' ');
        } else if (!empty_) {
            text_ += ' ';
        }
    }
    empty_ = false;
    if (!key.empty()) {
        text_ += json_quoted(key);
        text_ += ": ";
    }
}

std::string json_quoted(std::string_view text) {
    std::string quoted = "\"";
    while (!text.empty()) {
        const auto byte = static_cast<unsigned char>(text.front());
        std::size_t taken = 1;
        if (byte == '"' || byte == '\\') {
            quoted += '\\';
            quoted += text.front();
        } else if (byte < 0x20 || byte == 0x7f) {
            quoted += fmt::format("\\u{:04x}", byte);
        } else if (byte < 0x80) {
            quoted += text.front();
        } else if (const std::size_t length = utf8_length(text); length != 0) {
            quoted += text.substr(0, length);
            taken = length;
        } else {
            quoted += kReplacement;
        }
        text.remove_prefix(taken);
    }
    return quoted + '"';
}

}  // namespace skiff
