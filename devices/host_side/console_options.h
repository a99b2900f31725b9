// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

namespace skiff::devices {

/// What the guest's console is connected to on the host.
struct ConsoleOptions {
    enum class Kind { kStdio, kNone, kFile, kPty, kUnix };

    Kind kind = Kind::kStdio;
    /// For kFile (truncated) and kUnix (the socket that is listened on).
    std::string path;
    /// For kStdio.
    int input_fd = 0;
    int output_fd = 1;
    /// Do not announce the escape key or where the other end is.
    bool quiet = false;
    /// How long finish() waits for a slow reader at the end.
    std::chrono::milliseconds flush_timeout{2000};
};

}  // namespace skiff::devices
