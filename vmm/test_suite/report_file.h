// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace skiff::test_suite {

/// Where a report goes: a file, which is emptied, or standard output. Writes at once, so that
/// others can follow; the first failure is kept, and nothing more is written then.
class ReportFile {
  public:
    /// A user error where the file cannot be made.
    static Result<ReportFile> create(const std::string& path);
    static ReportFile standard_output();

    void write(std::string_view text);
    /// The first failure, if any.
    Result<void> result() const;

  private:
    ReportFile(UniqueFd owned, int fd, std::string name)
        : owned_(std::move(owned)), fd_(fd), name_(std::move(name)) {}

    UniqueFd owned_;
    int fd_;
    std::string name_;
    int failure_ = 0;  // an errno value
};

}  // namespace skiff::test_suite
