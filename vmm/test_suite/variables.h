// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace skiff::test_suite {

/// `text` with each ${NAME} replaced by that variable of the environment, and each ${NAME:-WORDS}
/// by it or, where it is unset or empty, by WORDS. "$${" stands for "${". A variable without a
/// value is a user error that names it.
Result<std::string> with_variables(std::string_view text);

}  // namespace skiff::test_suite
