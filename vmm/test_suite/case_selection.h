// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "vmm/test_suite/pattern.h"
#include "vmm/test_suite/test_case.h"

namespace skiff::test_suite {

/// The cases of several sources as one list, in which every name is there once: where there are
/// several suites, each name begins with its suite's ("suite/name"); what is still twice gets a
/// number.
std::vector<TestCase> joined(std::vector<std::vector<TestCase>> sources);

/// Those whose name one of the patterns matches; all where there is no pattern.
std::vector<TestCase> selected(std::vector<TestCase> cases, const std::vector<Pattern>& patterns);

/// All of them `times` times, one round after the other: "name [2/3]".
std::vector<TestCase> repeated(const std::vector<TestCase>& cases, unsigned times);

}  // namespace skiff::test_suite
