// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "vmm/test_suite/outcome.h"
#include "vmm/test_suite/test_case.h"

namespace skiff::test_suite {

/// Why a run ended before all cases had run.
enum class EarlyEnd {
    kNone,
    kFailFast,
    kInterrupted,
};

/// A run's result in numbers.
struct Summary {
    std::size_t total = 0;  ///< Cases that there were to run.
    std::size_t passed = 0;
    std::size_t failed = 0;
    std::size_t skipped = 0;
    std::size_t timed_out = 0;
    std::size_t crashed = 0;
    std::size_t errors = 0;
    EarlyEnd early_end = EarlyEnd::kNone;
    std::chrono::milliseconds duration{0};

    void count(Verdict verdict);
    std::size_t ended() const { return passed + failed + skipped + timed_out + crashed + errors; }
    /// Whether nothing went wrong with what ran, and all ran.
    bool good() const { return passed + skipped == total; }
    /// "20 cases: 16 passed, 1 failed, …": what is 0 is left out, but for what passed.
    std::string describe() const;
};

/// What tells people or programs of a run. Called from one thread: begin, case_ended for each case
/// as it ends, end.
class Reporter {
  public:
    virtual ~Reporter() = default;
    virtual void begin(std::size_t total) = 0;
    virtual void case_ended(const TestCase& test, const Outcome& outcome) = 0;
    /// Whether all could be told; where not, the error names the file.
    virtual Result<void> end(const Summary& summary) = 0;
};

/// "0.12 s".
std::string in_seconds(std::chrono::milliseconds duration);

/// What was kept of a stream as printable text, with a first line about what was not.
std::string kept_text(const KeptOutput& output);

}  // namespace skiff::test_suite
