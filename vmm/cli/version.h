// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace skiff::cli {

/// "0.1.0 (v0.1.0-3-g1234abc)": the project's version and, built from a git checkout, its commit.
/// Defined in a file that the build writes (cmake/Version.cmake).
extern const std::string_view kVersion;

}  // namespace skiff::cli
