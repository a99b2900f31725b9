// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/text/json_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/json_writer.h"

namespace skiff::api {
namespace {

/// "line 3, column 5" of the byte before `position`.
std::string place(std::string_view text, std::size_t position) {
    const std::string_view before = text.substr(0, std::min(position, text.size()));
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t line_start = before.rfind('\n');
    const std::size_t column =
        line_start == std::string_view::npos ? before.size() : before.size() - line_start - 1;
    return fmt::format("line {}, column {}", line, std::max<std::size_t>(column, 1));
}

/// What the parser says, without its names for where and what.
std::string reason_of(std::string_view what) {
    const std::size_t at = what.find(" - ");
    if (at != std::string_view::npos) {
        return std::string(what.substr(at + 3));
    }
    const std::size_t colon = what.rfind(": ");
    return std::string(colon == std::string_view::npos ? what : what.substr(colon + 2));
}

/// Builds the value while the parser runs (nlohmann's SAX interface: false ends it).
class Builder {
  public:
    explicit Builder(std::string_view text) : text_(text) {}

    // The names and types are the library's.
    // NOLINTBEGIN(readability-identifier-naming)
    using number_integer_t = std::int64_t;
    using number_unsigned_t = std::uint64_t;
    using number_float_t = double;
    using string_t = std::string;
    using binary_t = nlohmann::json::binary_t;
    // NOLINTEND(readability-identifier-naming)

    bool null() { return add(JsonValue()); }
    bool boolean(bool value) { return add(JsonValue(value)); }
    bool number_integer(number_integer_t value) {
        return add(value < 0 ? JsonValue(std::int64_t{value})
                             : JsonValue(static_cast<std::uint64_t>(value)));
    }
    bool number_unsigned(number_unsigned_t value) { return add(JsonValue(value)); }
    bool number_float(number_float_t value, const string_t& /*text*/) {
        return add(JsonValue(value));
    }
    bool string(string_t& value) { return add(JsonValue(std::move(value))); }
    bool binary(binary_t& /*value*/) { return false; }

    bool start_object(std::size_t /*elements*/) { return open(JsonValue(JsonValue::Object())); }
    bool end_object() { return close(); }
    bool start_array(std::size_t /*elements*/) { return open(JsonValue(JsonValue::Array())); }
    bool end_array() { return close(); }

    bool key(string_t& key) {
        JsonValue::Object& object = *open_.back().object();
        const bool is_there = std::any_of(object.begin(), object.end(),
                                          [&](const auto& member) { return member.key == key; });
        if (is_there) {
            return fail(fmt::format("the key '{}' is there twice", key));
        }
        if (object.size() == kMaxJsonKeys) {
            return fail(fmt::format("more than {} keys in one object", kMaxJsonKeys));
        }
        object.push_back({std::move(key), JsonValue()});
        return true;
    }

    bool parse_error(std::size_t position, const std::string& /*token*/,
                     const nlohmann::detail::exception& exception) {
        return fail(fmt::format("{}: {}", place(text_, position), reason_of(exception.what())));
    }

    Result<JsonValue> result() && {
        if (error_.has_value()) {
            return Error::user(fmt::format("not valid JSON: {}", *error_));
        }
        return std::move(root_);
    }

  private:
    bool add(JsonValue value) {
        if (open_.empty()) {
            root_ = std::move(value);
        } else if (JsonValue::Object* const object = open_.back().object()) {
            object->back().value = std::move(value);
        } else {
            open_.back().array()->push_back(std::move(value));
        }
        return true;
    }
    bool open(JsonValue value) {
        if (open_.size() == kMaxJsonDepth) {
            return fail(
                fmt::format("more than {} objects and arrays in one another", kMaxJsonDepth));
        }
        open_.push_back(std::move(value));
        return true;
    }
    bool close() {
        JsonValue value = std::move(open_.back());
        open_.pop_back();
        return add(std::move(value));
    }
    bool fail(std::string reason) {
        error_ = std::move(reason);
        return false;
    }

    std::string_view text_;
    JsonValue root_;
    std::vector<JsonValue> open_;
    std::optional<std::string> error_;
};

}  // namespace

std::string JsonValue::describe() const {
    struct Describe {
        std::string operator()(std::monostate /*value*/) const { return "null"; }
        std::string operator()(bool value) const { return value ? "true" : "false"; }
        std::string operator()(std::uint64_t value) const { return fmt::format("{}", value); }
        std::string operator()(std::int64_t value) const { return fmt::format("{}", value); }
        std::string operator()(double value) const { return fmt::format("{}", value); }
        std::string operator()(const std::string& /*value*/) const { return "a string"; }
        std::string operator()(const Array& /*value*/) const { return "an array"; }
        std::string operator()(const Object& /*value*/) const { return "an object"; }
    };
    return std::visit(Describe{}, value_);
}

std::string JsonValue::text() const {
    std::string text;
    if (const std::string* const words = string()) {
        return json_quoted(*words);
    }
    if (const Array* const elements = array()) {
        for (const JsonValue& element : *elements) {
            text += (text.empty() ? "" : ",") + element.text();
        }
        return "[" + text + "]";
    }
    if (const Object* const members = object()) {
        for (const Member& member : *members) {
            text += text.empty() ? "" : ",";
            text += json_quoted(member.key) + ":" + member.value.text();
        }
        return "{" + text + "}";
    }
    return describe();
}

Result<JsonValue> parse_json(std::string_view text) {
    Builder builder(text);
    try {
        static_cast<void>(nlohmann::json::sax_parse(text, &builder));
    } catch (const std::exception& failure) {  // a number that no double holds
        return Error::user(fmt::format("not valid JSON: {}", reason_of(failure.what())));
    }
    return std::move(builder).result();
}

}  // namespace skiff::api
