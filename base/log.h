// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

/// Logging facade: the one place that knows spdlog (log.cpp). Messages go to stderr, or to a file.
/// All functions are thread-safe. A message that is not enabled is not formatted. Nothing waits for
/// a reader that does not read: lines are lost, counted, and spoken of when it reads again.
namespace skiff::log {

enum class Level { kTrace, kDebug, kInfo, kWarning, kError, kOff };

enum class Format {
    kText,  ///< "skiff: message" on stderr; with time, id, thread and level in a file.
    kJson,  ///< An object a line, with all of that, wherever it goes.
};

struct Options {
    Level level = Level::kInfo;
    /// Empty: stderr. Otherwise appended to this file or FIFO.
    std::string file_path;
    /// What the lines say the machine is called; may be empty.
    std::string instance_id{};
    /// Whether the lines of text in a file name their level.
    bool show_level = true;
    Format format = Format::kText;
};

/// The last call counts. Without one, warnings and worse go to stderr.
Result<void> configure(const Options& options);

bool enabled(Level level);

/// How many lines were lost since the process began.
std::uint64_t lost_lines();

/// Writes one line. `message` is data: control characters in it are made visible, so that text
/// which a guest chose cannot forge lines or drive the terminal.
void write(Level level, std::string_view message);

/// While the terminal is in raw mode, a line must end in CR LF to begin at the left.
void set_raw_terminal(bool raw);

template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(Level::kDebug)) {
        write(Level::kDebug, fmt::format(format, std::forward<Args>(args)...));
    }
}

template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(Level::kInfo)) {
        write(Level::kInfo, fmt::format(format, std::forward<Args>(args)...));
    }
}

template <typename... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(Level::kWarning)) {
        write(Level::kWarning, fmt::format(format, std::forward<Args>(args)...));
    }
}

template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(Level::kError)) {
        write(Level::kError, fmt::format(format, std::forward<Args>(args)...));
    }
}

}  // namespace skiff::log
