// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace skiff {

/// Length of the UTF-8 sequence at the beginning of `text`, which is not empty (RFC 3629, section
/// 4); 0 where it is none.
std::size_t utf8_length(std::string_view text);

/// Whether all of it is UTF-8.
bool is_utf8(std::string_view text);

}  // namespace skiff
