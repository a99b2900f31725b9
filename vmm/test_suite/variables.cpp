// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/variables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace skiff::test_suite {
namespace {

bool is_name(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    });
}

/// The value of what stands between "${" and "}".
Result<std::string> value_of(std::string_view reference) {
    const std::size_t separator = reference.find(":-");
    const std::string name(reference.substr(0, separator));
    if (!is_name(name)) {
        return Error::user(fmt::format(
            "'${{{}}}' names no variable: write ${{NAME}} or ${{NAME:-WORDS}}", reference));
    }
    const char* const value = std::getenv(name.c_str());
    if (value != nullptr && *value != '\0') {
        return std::string(value);
    }
    if (separator == std::string_view::npos) {
        return Error::user(
            fmt::format("the variable {} is not set: set it, or write ${{{}:-WORDS}}", name, name));
    }
    return std::string(reference.substr(separator + 2));
}

}  // namespace

Result<std::string> with_variables(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const std::size_t start = text.find("${");
        result += text.substr(0, start);
        if (start == std::string_view::npos) {
            break;
        }
        text.remove_prefix(start);
        if (result.ends_with('$')) {
            result += "{";
            text.remove_prefix(2);
            continue;
        }
        const std::size_t end = text.find('}');
        if (end == std::string_view::npos) {
            return Error::user(fmt::format("'{}' has no closing brace", text));
        }
        SKIFF_ASSIGN_OR_RETURN(const std::string value, value_of(text.substr(2, end - 2)));
        result += value;
        text.remove_prefix(end + 1);
    }
    return result;
}

}  // namespace skiff::test_suite
