// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "base/line_file.h"
#include "base/result.h"
#include "vmm/api/reports/metrics_line.h"

namespace skiff::api {

/// The file or FIFO that metrics are appended to, a line each time.
class MetricsFile {
  public:
    static Result<std::unique_ptr<MetricsFile>> open(const Metrics& settings);

    /// Appends a line. An error where it was lost, because a FIFO is not read or the disk is full:
    /// the next line has what this one would have had.
    Result<void> write(const Statistics& statistics);
    /// Any thread.
    std::uint64_t lost_lines() const { return file_->lost_lines(); }

  private:
    MetricsFile(Metrics settings, std::unique_ptr<LineFile> file)
        : settings_(std::move(settings)), file_(std::move(file)) {}

    const Metrics settings_;
    std::unique_ptr<LineFile> file_;
    std::vector<Metric> last_;  ///< What the last line was made of that was written.
};

}  // namespace skiff::api
