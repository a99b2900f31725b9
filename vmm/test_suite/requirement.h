// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace skiff::test_suite {

/// Whether `requirement` has the form of one: "root", "kvm", "hardware-kvm", "file:PATH",
/// "program:NAME". A user error says what is taken.
Result<void> check_requirement_form(std::string_view requirement);

/// Why this host does not meet it; nothing where it does. Relative paths are relative to `folder`.
std::optional<std::string> unmet(const std::string& requirement, const std::string& folder);

}  // namespace skiff::test_suite
