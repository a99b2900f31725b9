// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/child_process.h"
#include "vmm/machine/exit_report.h"
#include "vmm/test_suite/outcome.h"
#include "vmm/test_suite/output_watch.h"
#include "vmm/test_suite/test_case.h"

namespace skiff::test_suite {

/// How the process of a case ended.
struct CaseEnd {
    ChildProcess::End process;
    /// What skiff run told; nothing where it did not come to run a guest.
    std::optional<machine::ExitReport> report;
    /// The last line on standard error.
    std::string last_message;
    /// It was killed because it did not keep its own time limit.
    bool killed = false;
};

struct Judgement {
    Verdict verdict = Verdict::kError;
    std::string reason;
};

/// The verdict on a case that was run. First what the guest ended with, and then, where that is as
/// expected, its console.
Judgement judge(const TestCase& test, const CaseEnd& end, const OutputWatch& output);

}  // namespace skiff::test_suite
