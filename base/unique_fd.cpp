// SPDX-License-Identifier: Apache-2.0
#include "base/unique_fd.h"

#include <unistd.h>

namespace skiff {

void UniqueFd::reset(int fd) {
    const int old = std::exchange(fd_, fd);
    if (old >= 0 && old != fd) {
        // After close() the number is gone whatever it returns (Linux closes even on EINTR).
        ::close(old);
    }
}

}  // namespace skiff
