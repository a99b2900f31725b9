// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "vmm/cli/parsed_arguments.h"
#include "vmm/test_suite/runner.h"
#include "vmm/test_suite/test_case.h"

namespace skiff::cli {

/// What `skiff test` was asked for.
struct TestOptions {
    std::vector<test_suite::TestCase> cases;
    test_suite::RunnerOptions runner;
    bool list = false;
    bool show_all_consoles = false;
    /// TAP on standard output, in place of the report for people.
    bool tap_on_stdout = false;
    std::optional<std::string> tap_file;
    std::optional<std::string> junit_file;
};

/// Reads the suites and images, and checks everything that can be wrong before a guest runs, the
/// arguments of each case's skiff run too.
Result<TestOptions> to_test_options(const ParsedArguments& arguments);

}  // namespace skiff::cli
