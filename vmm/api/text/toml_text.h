// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "vmm/api/text/json_value.h"

/// Configuration files in TOML (v1.0.0): the same tables, keys and values as in JSON.
namespace skiff::api {

/// Parses a whole text, into what the same text in JSON would be. The error says where it is wrong.
/// Dates and times are errors: JSON has none.
Result<JsonValue> parse_toml(std::string_view text);

/// The same the other way. `object` is one; null members are left out, as TOML has no null.
std::string to_toml(const JsonValue& object);

}  // namespace skiff::api
