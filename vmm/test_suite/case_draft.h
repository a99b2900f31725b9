// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "vmm/test_suite/expectation.h"
#include "vmm/test_suite/test_case.h"

namespace skiff::test_suite {

/// A case as it is written in a suite's file, key by key. [defaults] is one too, which each case
/// begins as a copy of.
struct CaseDraft {
    std::optional<std::string> name;
    /// Where the case runs, relative to the suite's file.
    std::optional<std::string> folder;
    std::optional<std::string> kernel;
    std::vector<std::string> initrds;
    std::optional<std::string> append;
    std::optional<std::string> cpus;
    std::optional<std::string> memory;
    std::vector<std::string> args;
    std::vector<std::string> command;
    /// NAME=VALUE each: of the command in the guest where there is one, and of skiff run.
    std::vector<std::string> environment;
    std::optional<std::chrono::milliseconds> timeout;
    Expectation expectation;
    OutputRules output;
    std::optional<std::string> skip;
    std::vector<std::string> requirements;

    /// What skiff run gets.
    std::vector<std::string> run_arguments() const;
};

}  // namespace skiff::test_suite
