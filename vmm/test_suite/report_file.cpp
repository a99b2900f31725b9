// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/report_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/write_all.h"

namespace skiff::test_suite {

Result<ReportFile> ReportFile::create(const std::string& path) {
    UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!file.valid()) {
        return Error::user(fmt::format("cannot write '{}': {}", path, std::strerror(errno)));
    }
    const int fd = file.get();
    return ReportFile(std::move(file), fd, "'" + path + "'");
}

ReportFile ReportFile::standard_output() {
    return ReportFile(UniqueFd(), STDOUT_FILENO, "standard output");
}

void ReportFile::write(std::string_view text) {
    if (failure_ == 0) {
        failure_ = write_all(fd_, text);
    }
}

Result<void> ReportFile::result() const {
    return failure_ == 0 ? Result<void>() : Error::host(failure_, "writing " + name_);
}

}  // namespace skiff::test_suite
