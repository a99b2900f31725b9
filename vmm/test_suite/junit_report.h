// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "vmm/test_suite/report_file.h"
#include "vmm/test_suite/reporter.h"

namespace skiff::test_suite {

/// JUnit's XML, in the form that CI systems read: a testsuite for each suite, a testcase for each
/// case. What the guest did wrong is a failure; a crash, a timeout or what could not run an error.
/// Written at the end, with what has run.
class JunitReport final : public Reporter {
  public:
    explicit JunitReport(ReportFile file) : file_(std::move(file)) {}

    void begin(std::size_t /*total*/) override {}
    void case_ended(const TestCase& test, const Outcome& outcome) override;
    Result<void> end(const Summary& summary) override;

  private:
    struct Ended {
        std::string name;
        std::string origin;
        Outcome outcome;
    };
    struct Suite {
        std::string name;
        std::vector<Ended> cases;
    };

    ReportFile file_;
    std::vector<Suite> suites_;
};

}  // namespace skiff::test_suite
