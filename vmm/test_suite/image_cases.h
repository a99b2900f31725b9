// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "vmm/test_suite/test_case.h"

namespace skiff::test_suite {

/// A case for each bootable image in the folder and those below it, named by its path from there,
/// in order of the names. Files that skiff run would not boot, hidden ones and links to folders are
/// passed over. A user error where there is none.
Result<std::vector<TestCase>> cases_of_folder(const std::string& path);

/// The case of one image, named as its file; a user error says why it cannot be booted.
Result<TestCase> case_of_image(const std::string& path);

}  // namespace skiff::test_suite
