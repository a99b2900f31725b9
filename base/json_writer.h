// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace skiff {

/// `text` as a JSON string, quotes included; what is no UTF-8 becomes the replacement character.
std::string json_quoted(std::string_view text);

/// Builds JSON text (RFC 8259). The caller keeps begin and end in balance.
class JsonWriter {
  public:
    enum class Layout {
        kLines,    ///< A line a member, two blanks a level.
        kOneLine,  ///< For streams of which each line is a text.
    };
    explicit JsonWriter(Layout layout = Layout::kLines) : layout_(layout) {}

    /// An object or array; in an object with its key.
    void begin_object(std::string_view key = {}) { begin('{', key); }
    void end_object() { end('}'); }
    void begin_array(std::string_view key = {}) { begin('[', key); }
    void end_array() { end(']'); }

    /// A member of an object.
    void string(std::string_view key, std::string_view value);
    void number(std::string_view key, std::uint64_t value);
    void boolean(std::string_view key, bool value);

    /// An element of an array.
    void element(std::string_view value);

    /// The text so far, with a line break behind it in either layout.
    std::string text() const { return text_ + "\n"; }

  private:
    void begin(char bracket, std::string_view key);
    void end(char bracket);
    void separate(std::string_view key);

    const Layout layout_;
    std::string text_;
    std::size_t depth_ = 0;
    bool empty_ = true;  ///< Whether the innermost object or array has no member yet.
};

}  // namespace skiff
