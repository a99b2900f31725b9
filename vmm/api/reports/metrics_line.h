// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "vmm/api/reports/statistics.h"
#include "vmm/api/resources/resources.h"

/// Metrics by Firecracker's names (its docs/metrics.md), as far as skiff counts what they mean.
namespace skiff::api {

struct Metric {
    std::string group;  ///< "block_rootfs"
    std::string key;    ///< "read_count"
    std::uint64_t value = 0;
    /// Whether a line has what was added since the one before, and not the value.
    bool is_counter = true;
};

/// In the order of the line: groups are not torn apart.
std::vector<Metric> metrics_of(const Statistics& statistics);

/// The line with `now`, where `last` is what the one before it was made of. `utc_ms`: since 1970.
std::string metrics_line(const Metrics& settings, const std::string& id, std::uint64_t utc_ms,
                         std::span<const Metric> now, std::span<const Metric> last);

}  // namespace skiff::api
