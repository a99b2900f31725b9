// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace skiff::test_suite {

/// Any bytes as UTF-8 text that can do no harm to a terminal, a TAP reader or an XML parser: CR LF
/// and a CR alone become LF, other control characters but TAB "\x1b", and what is no UTF-8, or no
/// character of XML 1.0 (section 2.2), U+FFFD.
std::string printable(std::string_view bytes);

/// The same on one line: line breaks and tabs become "\n" and "\t".
std::string printable_line(std::string_view bytes);

}  // namespace skiff::test_suite
