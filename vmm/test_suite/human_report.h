// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vmm/test_suite/report_file.h"
#include "vmm/test_suite/reporter.h"

namespace skiff::test_suite {

/// For people: a line a case as it ends, the console of one that went wrong (or of all), a summary
/// with the names of those that went wrong.
class HumanReport final : public Reporter {
  public:
    enum class Consoles { kOfFailures, kAll };

    HumanReport(ReportFile file, Consoles consoles) : file_(std::move(file)), consoles_(consoles) {}

    void begin(std::size_t total) override;
    void case_ended(const TestCase& test, const Outcome& outcome) override;
    Result<void> end(const Summary& summary) override;

  private:
    ReportFile file_;
    Consoles consoles_;
    std::size_t total_ = 0;
    std::size_t ended_ = 0;
    std::string bad_names_;
};

}  // namespace skiff::test_suite
