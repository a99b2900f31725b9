// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace skiff {

/// Where lines are appended to, by any thread: a file, a FIFO, or standard error. Writing never
/// waits long for a reader: what it does not take is lost, and counted.
class LineFile {
  public:
    /// Makes the file where it is not there; it is one of those that reopen_all() reopens. `what`
    /// is for errors: "the log file".
    static Result<std::unique_ptr<LineFile>> open(const std::string& path, const std::string& what);
    /// Standard error, which is shared with other processes and therefore waits as they left it: a
    /// reader that is slow gets a moment, once until it reads again.
    static std::unique_ptr<LineFile> standard_error();
    ~LineFile();
    LineFile(const LineFile&) = delete;
    LineFile& operator=(const LineFile&) = delete;

    /// `line` with its line break. False where it was lost, or a part of it; the next one begins
    /// at the left all the same.
    bool write(std::string_view line);
    std::uint64_t lost_lines() const;

    struct Reopened {
        std::size_t files = 0;        ///< How many there are.
        std::vector<Error> failures;  ///< These go on being written where they were.
    };
    /// Opens the paths of all line files of the process anew, so that files which were moved away
    /// are written no more. Any thread.
    static Reopened reopen_all();
    /// Whether there is a file that reopen_all() would reopen.
    static bool any_can_be_reopened();

  private:
    LineFile(std::string path, std::string what, UniqueFd fd);

    Result<void> reopen();
    std::size_t append(std::string_view text);
    bool has_room();

    const std::string path_;  ///< Empty: standard error.
    const std::string what_;
    mutable std::mutex mutex_;
    // All guarded by mutex_.
    UniqueFd fd_;
    std::uint64_t lost_ = 0;
    bool is_torn_ = false;    ///< The last line has no end.
    bool is_patient_ = true;  ///< Whether standard error's reader gets its moment.
};

}  // namespace skiff
