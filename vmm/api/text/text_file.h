// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace skiff::api {

/// The largest file that is read.
inline constexpr std::size_t kMaxTextFileBytes = 1024 * 1024;

/// All of a file that somebody wrote: a configuration, or a part of one. Errors name the file.
Result<std::string> read_text_file(const std::string& path);

}  // namespace skiff::api
