// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace skiff::machine {

/// What is traced while a machine runs (--trace).
struct TraceConfig {
    bool exits = false;
    bool devices = false;
    /// Where the result goes; without one, a table on standard error.
    std::optional<std::string> path;
    /// A path that ends so gets events in Chrome's trace format, others the table.
    bool is_json() const { return path.has_value() && path->ends_with(".json"); }
    bool operator==(const TraceConfig&) const = default;
};

}  // namespace skiff::machine
