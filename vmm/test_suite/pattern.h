// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <regex.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace skiff::test_suite {

/// A POSIX extended regular expression, as grep -E has them. It is matched without recursion, in
/// time that a hostile text cannot blow up (but for back-references, which only the expression's
/// author can ask for). Copies share the compiled expression; not for two threads at once.
class Pattern {
  public:
    /// A user error says what is wrong with the expression.
    static Result<Pattern> compile(const std::string& expression);

    /// Whether it matches anywhere in `text`, which may hold any bytes.
    bool matches(std::string_view text) const;
    const std::string& text() const { return text_; }

  private:
    Pattern(std::shared_ptr<const regex_t> compiled, std::string text)
        : compiled_(std::move(compiled)), text_(std::move(text)) {}

    std::shared_ptr<const regex_t> compiled_;
    std::string text_;
};

}  // namespace skiff::test_suite
