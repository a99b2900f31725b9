// SPDX-License-Identifier: Apache-2.0
#include "base/log_rotation.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/line_file.h"
#include "base/log.h"

namespace skiff {
namespace {

/// The kernel ends a terminal's files before it sends the signal.
bool terminal_has_gone() {
    struct stat status {};
    pollfd state = {STDIN_FILENO, 0, 0};
    return ::fstat(STDIN_FILENO, &status) == 0 && S_ISCHR(status.st_mode) &&
           ::poll(&state, 1, 0) == 1 && (state.revents & POLLHUP) != 0;
}

}  // namespace

bool hang_up_means_rotation() {
    return LineFile::any_can_be_reopened() && !terminal_has_gone();
}

void rotate_logs() {
    const LineFile::Reopened reopened = LineFile::reopen_all();
    for (const Error& failure : reopened.failures) {
        log::warning("SIGHUP: {}; the old one is written on", failure.message());
    }
    log::info("SIGHUP: {} of {} files were reopened", reopened.files - reopened.failures.size(),
              reopened.files);
}

}  // namespace skiff
