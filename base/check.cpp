// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace skiff {
namespace {

void put(const char* text) noexcept {
    // Nothing sensible can be done if stderr does not take it: we are about to abort.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, std::strlen(text));
}

}  // namespace

void check_failed(const char* file, int line, const char* condition) noexcept {
    char digits[16] = {};
    std::to_chars(digits, digits + sizeof digits - 1, line);
    put("skiff: internal error: CHECK failed at ");
    put(file);
    put(":");
    put(digits);
    put(": ");
    put(condition);
    put("\n");
    std::abort();
}

}  // namespace skiff
