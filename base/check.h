// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Always-on assertion for errors of our own (architecture.md, failure kind 3): prints where and
/// what, then aborts. Never for anything that a guest, the host or the user can cause.
#define SKIFF_CHECK(condition)                                     \
    do {                                                           \
        if (!(condition)) [[unlikely]] {                           \
            ::skiff::check_failed(__FILE__, __LINE__, #condition); \
        }                                                          \
    } while (false)

namespace skiff {

/// Prints the failed condition with async-signal-safe calls only and aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* condition) noexcept;

}  // namespace skiff
