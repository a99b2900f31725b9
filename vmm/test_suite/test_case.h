// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "vmm/test_suite/expectation.h"
#include "vmm/test_suite/pattern.h"

namespace skiff::test_suite {

/// What the console of a case has to show.
struct OutputRules {
    std::vector<Pattern> must_match = {};        ///< Each by some line.
    std::vector<std::string> must_contain = {};  ///< Each in some line.
    std::vector<Pattern> must_not_match = {};    ///< None by any line.

    bool empty() const {
        return must_match.empty() && must_contain.empty() && must_not_match.empty();
    }
};

/// One guest to run, and what it has to do.
struct TestCase {
    /// Of the suite: what its file, or its folder, is called.
    std::string suite;
    /// Unique among all cases of a run.
    std::string name;
    /// Where it was written, for errors: "suite.toml:12"; a path for an image.
    std::string origin;
    /// Of skiff run, without what the runner adds.
    std::vector<std::string> arguments;
    /// NAME=VALUE each, for skiff run.
    std::vector<std::string> environment;
    /// Where skiff runs, so that relative paths of the arguments are relative to it; empty: here.
    std::string folder;
    /// None: that of the run (RunnerOptions).
    std::optional<std::chrono::milliseconds> timeout;
    Expectation expectation;
    OutputRules output;
    /// Why it is not run.
    std::optional<std::string> skip;
    /// What the host must have: see check_requirement().
    std::vector<std::string> requirements;
};

}  // namespace skiff::test_suite
