// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace skiff::api {

/// A JSON value (RFC 8259) as it was written: members keep their order.
class JsonValue {
  public:
    struct Member;
    using Array = std::vector<JsonValue>;
    using Object = std::vector<Member>;

    JsonValue() = default;
    template <typename T>
    explicit JsonValue(T value) : value_(std::move(value)) {}

    bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
    // Null where it is something else.
    const bool* boolean() const { return std::get_if<bool>(&value_); }
    /// A whole number from 0; others are of no use to us.
    const std::uint64_t* number() const { return std::get_if<std::uint64_t>(&value_); }
    const std::string* string() const { return std::get_if<std::string>(&value_); }
    const Array* array() const { return std::get_if<Array>(&value_); }
    const Object* object() const { return std::get_if<Object>(&value_); }
    Array* array() { return std::get_if<Array>(&value_); }
    Object* object() { return std::get_if<Object>(&value_); }

    /// "a string", "-5", "an object": for errors.
    std::string describe() const;

    /// As JSON, without blanks.
    std::string text() const;

  private:
    // int64_t: negative; double: what is no whole number.
    std::variant<std::monostate, bool, std::uint64_t, std::int64_t, double, std::string, Array,
                 Object>
        value_;
};

struct JsonValue::Member {
    std::string key;
    JsonValue value;
};

/// Objects and arrays in one another.
inline constexpr std::size_t kMaxJsonDepth = 32;

/// Keys of one object.
inline constexpr std::size_t kMaxJsonKeys = 1000;

/// Parses a whole text. The error says where it is wrong; a key that is there twice is an error
/// too, and what is beyond these limits. Memory grows with the text's length, and nothing recurses.
Result<JsonValue> parse_json(std::string_view text);

}  // namespace skiff::api
