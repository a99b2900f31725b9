// SPDX-License-Identifier: Apache-2.0
#include "base/line_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace skiff {

Result<LineFile> LineFile::open(const std::string& path, const std::string& what) {
    struct stat status {};
    const bool is_fifo = ::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
    // A FIFO is kept open in both directions, so that its readers may come and go.
    const int flags = is_fifo ? O_RDWR : O_WRONLY | O_CREAT | O_APPEND;
    UniqueFd fd(::open(path.c_str(), flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600));
    if (!fd.valid()) {
        return Error::user(
            Error::host(errno, fmt::format("cannot open {} '{}'", what, path)).message());
    }
    return LineFile(std::move(fd));
}

bool LineFile::write(std::string_view line) {
    ssize_t written = -1;
    do {
        written = ::write(fd_.get(), line.data(), line.size());
    } while (written < 0 && errno == EINTR);
    if (written == static_cast<ssize_t>(line.size())) {
        return true;
    }
    lost_.fetch_add(1, std::memory_order_relaxed);
    return false;
}

}  // namespace skiff
