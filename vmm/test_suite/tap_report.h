// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vmm/test_suite/report_file.h"
#include "vmm/test_suite/reporter.h"

namespace skiff::test_suite {

/// The Test Anything Protocol, version 14: a test point a case, in the order in which they end; a
/// YAML block with the reason, the status, the console where it is no pass.
class TapReport final : public Reporter {
  public:
    explicit TapReport(ReportFile file) : file_(std::move(file)) {}

    void begin(std::size_t total) override;
    void case_ended(const TestCase& test, const Outcome& outcome) override;
    Result<void> end(const Summary& summary) override;

  private:
    ReportFile file_;
    std::size_t number_ = 0;
};

}  // namespace skiff::test_suite
