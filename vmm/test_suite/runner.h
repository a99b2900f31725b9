// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "vmm/test_suite/reporter.h"
#include "vmm/test_suite/test_case.h"

namespace skiff::test_suite {

struct RunnerOptions {
    /// The program that runs a guest: skiff itself.
    std::string skiff_path = "/proc/self/exe";
    std::size_t jobs = 1;  ///< Guests at a time, at least 1.
    /// Of cases that have none of their own.
    std::chrono::milliseconds timeout{60'000};
    bool fail_fast = false;
    /// What was told to stop and has not after this time is killed.
    std::chrono::milliseconds stop_time{3'000};
    /// A folder, which exists, for all that each case writes: NAME.console and NAME.log.
    std::optional<std::string> output_folder;
};

struct RunResult {
    Summary summary;
    /// The signal that interrupted the run; 0 for none.
    int signal = 0;
};

/// Runs the cases, each as a process of its own (`skiff run …`), tells the reporters of each as it
/// ends, and comes back when none runs any more. SIGINT, SIGTERM and SIGHUP end the run: what runs
/// is stopped and not reported. Each process is killed by the kernel when the calling thread ends,
/// however that comes.
Result<RunResult> run_cases(const std::vector<TestCase>& cases, const RunnerOptions& options,
                            const std::vector<std::unique_ptr<Reporter>>& reporters);

}  // namespace skiff::test_suite
