// SPDX-License-Identifier: Apache-2.0
#include "base/json_writer.h"

#include <fmt/format.h>

#include "base/utf8.h"

namespace skiff {
namespace {

constexpr std::string_view kReplacement = "\\ufffd";

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
