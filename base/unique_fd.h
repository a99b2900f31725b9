// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

namespace skiff {

/// Sole owner of a file descriptor; closes it when destroyed. Not thread-safe.
class UniqueFd {
  public:
    UniqueFd() = default;
    /// Takes ownership of `fd`; -1 means "none".
    explicit UniqueFd(int fd) : fd_(fd) {}
    UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        reset(other.release());
        return *this;
    }
    UniqueFd(const UniqueFd&) = delete;
    UniqueFd& operator=(const UniqueFd&) = delete;
    ~UniqueFd() { reset(); }

    int get() const { return fd_; }
    bool valid() const { return fd_ >= 0; }
    int release() { return std::exchange(fd_, -1); }
    /// Closes the descriptor it has (if any) and takes `fd`.
    void reset(int fd = -1);

  private:
    int fd_ = -1;
};

}  // namespace skiff
