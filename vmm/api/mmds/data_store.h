// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "vmm/api/text/json_value.h"

namespace skiff::api {

/// The metadata that a guest may ask for: one JSON object.
class DataStore {
  public:
    static constexpr std::size_t kDefaultMaxBytes = 51'200;

    /// Of the whole, as text without blanks.
    void set_max_bytes(std::size_t max_bytes) { max_bytes_ = max_bytes; }

    /// Replaces all of it.
    Result<void> put(JsonValue data);
    /// Changes parts of it (RFC 7396). A user error where nothing has been put yet.
    Result<void> patch(const JsonValue& patch);

    /// All of it; an empty object where nothing has been put.
    const JsonValue& all() const { return data_; }
    /// What stands at a path (a JSON pointer, RFC 6901); null where there is nothing. Doubled
    /// slashes, and one at the end, count for nothing.
    const JsonValue* find(std::string_view path) const;

  private:
    Result<void> take_over(JsonValue data);

    std::size_t max_bytes_ = kDefaultMaxBytes;
    bool is_empty_ = true;
    JsonValue data_{JsonValue::Object()};
};

/// Applies a merge patch: null removes a member, objects are merged, all else replaces.
void merge(JsonValue& target, const JsonValue& patch);

/// In the way of EC2's metadata service: a string as it is, an object as the list of its keys,
/// those of further objects with a slash behind them. A user error for all else, which it cannot
/// show.
Result<std::string> imds_text(const JsonValue& value);

}  // namespace skiff::api
