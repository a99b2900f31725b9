// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/toml.h"
#include "vmm/test_suite/case_draft.h"

namespace skiff::test_suite {

/// Sets one key of a case, in place of what [defaults] said. A user error says what the key takes;
/// an unknown key is one that names the nearest.
Result<void> set_case_key(std::string_view key, const toml::node& value, CaseDraft& draft);

/// The keys of a case, for messages and tests.
std::vector<std::string_view> case_keys();

}  // namespace skiff::test_suite
