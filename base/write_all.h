// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace skiff {

/// Writes all of `bytes` to a blocking descriptor, at its position, however many calls that takes.
/// 0, or the errno value of the write that failed, after which some of it may have been written.
/// Any thread.
[[nodiscard]] int write_all(int fd, std::string_view bytes);

}  // namespace skiff
