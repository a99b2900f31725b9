// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace skiff {

/// A file or FIFO that lines are appended to, by any thread. Writing never waits for a reader: what
/// a FIFO does not take is lost, and counted.
class LineFile {
  public:
    /// Makes the file where it is not there. `what` is for errors: "the log file".
    static Result<LineFile> open(const std::string& path, const std::string& what);
    LineFile(LineFile&& other) noexcept
        : fd_(std::move(other.fd_)), lost_(other.lost_.load(std::memory_order_relaxed)) {}

    /// `line` with its line break. False where it was lost, or a part of it.
    bool write(std::string_view line);
    std::uint64_t lost_lines() const { return lost_.load(std::memory_order_relaxed); }

  private:
    explicit LineFile(UniqueFd fd) : fd_(std::move(fd)) {}

    UniqueFd fd_;
    std::atomic<std::uint64_t> lost_{0};
};

}  // namespace skiff
