// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "vmm/cli/parsed_arguments.h"

/// From options to fields.
namespace skiff::cli {

/// Parses an option's value where it was given: nothing where it was not, else the value or the
/// error with the option's name before it.
template <typename T>
Result<std::optional<T>> value_of(const ParsedArguments& arguments, std::string_view name,
                                  Result<T> (*parse)(std::string_view)) {
    const std::string* const text = arguments.last(name);
    if (text == nullptr) {
        return std::optional<T>();
    }
    Result<T> value = parse(*text);
    if (!value.ok()) {
        return value.error().with_context(fmt::format("--{}", name));
    }
    return std::optional<T>(std::move(value).value());
}

/// Overwrites `field` where the option was given.
template <typename Field, typename T>
Result<void> assign(const ParsedArguments& arguments, std::string_view name,
                    Result<T> (*parse)(std::string_view), Field& field) {
    SKIFF_ASSIGN_OR_RETURN(std::optional<T> value, value_of(arguments, name, parse));
    if (value.has_value()) {
        field = std::move(*value);
    }
    return {};
}

}  // namespace skiff::cli
