// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/pattern.h"

#include <fmt/format.h>

#include <array>

namespace skiff::test_suite {

Result<Pattern> Pattern::compile(const std::string& expression) {
    auto raw = std::make_unique<regex_t>();
    const int failure = ::regcomp(raw.get(), expression.c_str(), REG_EXTENDED);
    if (failure != 0) {
        std::array<char, 128> why{};
        ::regerror(failure, raw.get(), why.data(), why.size());
        return Error::user(
            fmt::format("'{}' is no regular expression: {}", expression, why.data()));
    }
    std::shared_ptr<const regex_t> compiled(raw.release(), [](const regex_t* expired) {
        auto* const owned = const_cast<regex_t*>(expired);  // NOLINT: made by compile(), not const
        ::regfree(owned);
        delete owned;  // NOLINT(cppcoreguidelines-owning-memory): this is its owner
    });
    return Pattern(std::move(compiled), expression);
}

bool Pattern::matches(std::string_view text) const {
    // By start and end, so that a zero byte is one like others.
    regmatch_t range{};
    range.rm_so = 0;
    range.rm_eo = static_cast<regoff_t>(text.size());
    return ::regexec(compiled_.get(), text.data() != nullptr ? text.data() : "", 1, &range,
                     REG_STARTEND) == 0;
}

}  // namespace skiff::test_suite
