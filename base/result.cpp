// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <cstring>

namespace skiff {

Error Error::host(int errno_value, const std::string& doing) {
    // strerrordesc_np, unlike strerror, is thread-safe.
    const char* text = ::strerrordesc_np(errno_value);
    return Error(ErrorKind::kHost, errno_value,
                 doing + ": " + (text != nullptr ? text : "unknown error"));
}

}  // namespace skiff
