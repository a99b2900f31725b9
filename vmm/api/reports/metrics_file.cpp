// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/reports/metrics_file.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace skiff::api {

Result<std::unique_ptr<MetricsFile>> MetricsFile::open(const Metrics& settings) {
    auto file = LineFile::open(settings.metrics_path, "the metrics file");
    if (!file.ok()) {
        return file.error().with_field("metrics_path");
    }
    return std::unique_ptr<MetricsFile>(new MetricsFile(settings, std::move(file).value()));
}

Result<void> MetricsFile::write(const Statistics& statistics) {
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    const auto utc_ms = std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
    std::vector<Metric> now = metrics_of(statistics);
    if (!file_->write(metrics_line(settings_, statistics.id, static_cast<std::uint64_t>(utc_ms),
                                   now, last_))) {
        return Error::host(
            fmt::format("the metrics were not written: '{}' is not read, or its disk is full",
                        settings_.metrics_path));
    }
    last_ = std::move(now);
    return {};
}

}  // namespace skiff::api
