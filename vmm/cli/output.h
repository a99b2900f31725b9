// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace skiff::cli {

inline constexpr int kStatusOk = 0;
inline constexpr int kStatusHostError = 1;
inline constexpr int kStatusUserError = 2;
inline constexpr int kStatusCommandNotExecutable = 126;
inline constexpr int kStatusCommandNotFound = 127;

/// `text` with its control characters as "\x1b", so that a file name or what a file holds can
/// neither forge lines nor drive the terminal.
std::string visible(std::string_view text);

/// Writes all of `text` to standard output; the exit status: 0, or 1 with a line on standard error
/// where it could not be written.
int print(std::string_view text);

/// Makes `path` hold exactly `content`. Where that fails, the error names the file.
Result<void> write_file(const std::string& path, std::span<const std::uint8_t> content);

/// Prints "skiff: MESSAGE" as exactly one line on standard error and returns the exit status that
/// belongs to the error. Control characters are made visible.
int report(const Error& error);

}  // namespace skiff::cli
