// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/text/toml_text.h"

#include <fmt/format.h>

#include <optional>
#include <sstream>
#include <utility>

#include "base/toml.h"

namespace skiff::api {
namespace {

Error at(const toml::source_region& source, std::string_view reason) {
    return Error::user(fmt::format("not valid TOML: line {}, column {}: {}", source.begin.line,
                                   source.begin.column, reason));
}

JsonValue from_number(std::int64_t value) {
    return value < 0 ? JsonValue(static_cast<double>(value))
                     : JsonValue(static_cast<std::uint64_t>(value));
}

Result<JsonValue> from_node(const toml::node& node);

Result<JsonValue> from_array(const toml::array& array) {
    JsonValue::Array values;
    for (const toml::node& node : array) {
        SKIFF_ASSIGN_OR_RETURN(JsonValue value, from_node(node));
        values.push_back(std::move(value));
    }
    return JsonValue(std::move(values));
}

Result<JsonValue> from_table(const toml::table& table) {
    JsonValue::Object members;
    for (const auto& [key, node] : table) {
        if (members.size() == kMaxJsonKeys) {
            return at(node.source(), fmt::format("more than {} keys in one table", kMaxJsonKeys));
        }
        SKIFF_ASSIGN_OR_RETURN(JsonValue value, from_node(node));
        members.push_back({std::string(key.str()), std::move(value)});
    }
    return JsonValue(std::move(members));
}

/// Recurses as deep as the library lets a text nest (TOML_MAX_NESTED_VALUES).
Result<JsonValue> from_node(const toml::node& node) {
    if (const toml::table* const table = node.as_table()) {
        return from_table(*table);
    }
    if (const toml::array* const array = node.as_array()) {
        return from_array(*array);
    }
    if (const auto text = node.value_exact<std::string>()) {
        return JsonValue(*text);
    }
    if (const auto boolean = node.value_exact<bool>()) {
        return JsonValue(*boolean);
    }
    if (const auto number = node.value_exact<std::int64_t>()) {
        return from_number(*number);
    }
    if (const auto fraction = node.value_exact<double>()) {
        return JsonValue(*fraction);
    }
    return at(node.source(), "dates and times have no meaning here");
}

/// A place that takes a value: the next one of an array, or a key's of a table.
struct Place {
    toml::array* array = nullptr;
    toml::table* table = nullptr;
    std::string_view key = {};

    template <typename T>
    void put(T value) const {
        if (array != nullptr) {
            array->push_back(std::move(value));
        } else {
            table->insert_or_assign(key, std::move(value));
        }
    }
};

/// Recurses as deep as the JSON is (kMaxJsonDepth).
void put_value(const JsonValue& value, const Place& place) {
    if (const bool* const boolean = value.boolean()) {
        place.put(*boolean);
    } else if (const std::uint64_t* const number = value.number()) {
        place.put(static_cast<std::int64_t>(*number));
    } else if (const std::string* const text = value.string()) {
        place.put(*text);
    } else if (const JsonValue::Array* const list = value.array()) {
        toml::array array;
        for (const JsonValue& element : *list) {
            put_value(element, {.array = &array});
        }
        place.put(std::move(array));
    } else if (const JsonValue::Object* const object = value.object()) {
        toml::table table;
        for (const JsonValue::Member& member : *object) {
            put_value(member.value, {.table = &table, .key = member.key});
        }
        place.put(std::move(table));
    }
}

}  // namespace

Result<JsonValue> parse_toml(std::string_view text) {
    const toml::parse_result parsed = toml::parse(text);
    if (parsed.failed()) {
        return at(parsed.error().source(), parsed.error().description());
    }
    return from_table(parsed.table());
}

std::string to_toml(const JsonValue& object) {
    toml::array holder;
    put_value(object, {.array = &holder});
    std::ostringstream text;
    // No '...' strings: a value looks as it does in JSON.
    text << toml::toml_formatter(*holder.get(0), toml::format_flags::none) << '\n';
    return std::move(text).str();
}

}  // namespace skiff::api
