// SPDX-License-Identifier: Apache-2.0
#include "base/line_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace skiff {
namespace {

/// How long a reader of standard error may take that has read so far.
constexpr int kPatienceMs = 200;

Result<UniqueFd> open_for_lines(const std::string& path, const std::string& what) {
    struct stat status {};
    const bool is_fifo = ::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
    // A FIFO is kept open in both directions, so that its readers may come and go.
    const int flags = is_fifo ? O_RDWR : O_WRONLY | O_CREAT | O_APPEND;
    UniqueFd fd(::open(path.c_str(), flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600));
    if (!fd.valid()) {
        return Error::user(
            Error::host(errno, fmt::format("cannot open {} '{}'", what, path)).message());
    }
    return fd;
}

/// The files that can be reopened.
struct Registry {
    std::mutex mutex;
    std::vector<LineFile*> files;
};

Registry& registry() {
    // Never destroyed: the log outlives main().
    static Registry* const instance = new Registry;
    return *instance;
}

}  // namespace

Result<std::unique_ptr<LineFile>> LineFile::open(const std::string& path, const std::string& what) {
    SKIFF_ASSIGN_OR_RETURN(UniqueFd fd, open_for_lines(path, what));
    std::unique_ptr<LineFile> file(new LineFile(path, what, std::move(fd)));
    const std::lock_guard lock(registry().mutex);
    registry().files.push_back(file.get());
    return file;
}

std::unique_ptr<LineFile> LineFile::standard_error() {
    return std::unique_ptr<LineFile>(new LineFile({}, {}, {}));
}

LineFile::LineFile(std::string path, std::string what, UniqueFd fd)
    : path_(std::move(path)), what_(std::move(what)), fd_(std::move(fd)) {}

LineFile::~LineFile() {
    const std::lock_guard lock(registry().mutex);
    auto& files = registry().files;
    files.erase(std::remove(files.begin(), files.end(), this), files.end());
}

bool LineFile::write(std::string_view line) {
    const std::lock_guard lock(mutex_);
    if (is_torn_ && append("\n") == 1) {
        is_torn_ = false;
    }
    const std::size_t written = is_torn_ ? 0 : append(line);
    if (written == line.size()) {
        return true;
    }
    is_torn_ = is_torn_ || written != 0;
    ++lost_;
    return false;
}

/// How much of `text` was written.
std::size_t LineFile::append(std::string_view text) {
    const bool is_shared = path_.empty();
    std::size_t written = 0;
    while (written < text.size()) {
        std::string_view rest = text.substr(written);
        if (is_shared) {
            // What has room for some bytes of a pipe has it for so many without waiting.
            rest = rest.substr(0, PIPE_BUF);
            if (!has_room()) {
                return written;
            }
        }
        const ssize_t count =
            ::write(is_shared ? STDERR_FILENO : fd_.get(), rest.data(), rest.size());
        if (count > 0) {
            written += static_cast<std::size_t>(count);
        } else if (count == 0 || errno != EINTR) {
            return written;
        }
    }
    return written;
}

/// Whether standard error can be written without waiting.
bool LineFile::has_room() {
    pollfd state = {STDERR_FILENO, POLLOUT, 0};
    int ready = -1;
    do {
        ready = ::poll(&state, 1, is_patient_ ? kPatienceMs : 0);
    } while (ready < 0 && errno == EINTR);
    is_patient_ = ready > 0;
    return is_patient_;
}

std::uint64_t LineFile::lost_lines() const {
    const std::lock_guard lock(mutex_);
    return lost_;
}

Result<void> LineFile::reopen() {
    SKIFF_ASSIGN_OR_RETURN(UniqueFd fd, open_for_lines(path_, what_));
    const std::lock_guard lock(mutex_);
    fd_ = std::move(fd);
    is_torn_ = false;
    return {};
}

LineFile::Reopened LineFile::reopen_all() {
    const std::lock_guard lock(registry().mutex);
    Reopened result{.files = registry().files.size(), .failures = {}};
    for (LineFile* const file : registry().files) {
        if (const auto reopened = file->reopen(); !reopened.ok()) {
            result.failures.push_back(reopened.error());
        }
    }
    return result;
}

bool LineFile::any_can_be_reopened() {
    const std::lock_guard lock(registry().mutex);
    return !registry().files.empty();
}

}  // namespace skiff
