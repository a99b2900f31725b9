// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/ioctl.h>

#include <cerrno>
#include <string>

#include "base/result.h"

namespace skiff::kvm {

/// ioctl() that is repeated when a signal interrupts it; a failure names the request.
template <typename Argument>
Result<int> checked_ioctl(int fd, unsigned long request, Argument argument, const char* name) {
    while (true) {
        const int result = ::ioctl(fd, request, argument);
        if (result >= 0) {
            return result;
        }
        if (errno != EINTR) {
            return Error::host(errno, std::string("KVM refused ") + name);
        }
    }
}

}  // namespace skiff::kvm
