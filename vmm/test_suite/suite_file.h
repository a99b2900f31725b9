// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "vmm/test_suite/test_case.h"

/// Suites as TOML files: docs/testing-guests.md.
namespace skiff::test_suite {

/// The cases of a suite, named as the file has them. `path` is what errors call it, and its folder
/// the one that the cases run in. A user error begins with "PATH:LINE: ".
Result<std::vector<TestCase>> parse_suite(std::string_view text, const std::string& path);

/// The same from the file.
Result<std::vector<TestCase>> read_suite(const std::string& path);

}  // namespace skiff::test_suite
