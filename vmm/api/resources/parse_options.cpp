// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <optional>

#include "vmm/api/resources/parse_resources.h"

namespace skiff::api {
namespace {

Error wrong(const std::string& field, std::string_view message) {
    return Error::user(fmt::format("{}: {}", field, message)).with_field(field);
}

/// A value as the command line has it; nothing for what is neither text nor a number.
std::optional<std::string> text_of(const JsonValue& value) {
    if (const std::string* const text = value.string()) {
        return *text;
    }
    const bool is_number = !value.is_null() && value.boolean() == nullptr &&
                           value.array() == nullptr && value.object() == nullptr;
    return is_number ? std::optional(value.describe()) : std::nullopt;
}

Result<std::vector<std::string>> texts_of(const JsonValue::Array& values,
                                          const std::string& field) {
    std::vector<std::string> texts;
    for (const JsonValue& value : values) {
        const std::optional<std::string> text = text_of(value);
        if (!text.has_value()) {
            return wrong(field, fmt::format("a string or a number was expected, this is {}",
                                            value.describe()));
        }
        texts.push_back(*text);
    }
    return texts;
}

}  // namespace

Result<MachineOptions> parse_machine_options(const JsonValue& json, const std::string& where) {
    if (json.object() == nullptr) {
        const std::string message =
            fmt::format("an object was expected, this is {}", json.describe());
        return where.empty() ? Error::user(message) : wrong(where, message);
    }
    MachineOptions given;
    for (const auto& [name, value] : *json.object()) {
        const std::string field = where.empty() ? name : fmt::format("{}.{}", where, name);
        MachineOptions::Option option{.name = name, .values = {}};
        if (const bool* const is_given = value.boolean()) {
            if (*is_given) {
                given.options.push_back(std::move(option));
            }
        } else if (const JsonValue::Array* const list = value.array()) {
            SKIFF_ASSIGN_OR_RETURN(option.values, texts_of(*list, field));
            if (!option.values.empty()) {
                given.options.push_back(std::move(option));
            }
        } else if (std::optional<std::string> text = text_of(value)) {
            option.values.push_back(std::move(*text));
            given.options.push_back(std::move(option));
        } else if (!value.is_null()) {
            return wrong(field, fmt::format("true, a string, a number or an array of them was "
                                            "expected, this is {}",
                                            value.describe()));
        }
    }
    return given;
}

}  // namespace skiff::api
