// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/text/text_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/unique_fd.h"

namespace skiff::api {

Result<std::string> read_text_file(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    std::string text;
    std::array<char, 16 * 1024> buffer{};
    ssize_t count = fd.valid() ? 1 : -1;
    while (count > 0 && text.size() <= kMaxTextFileBytes) {
        count = ::read(fd.get(), buffer.data(), buffer.size());
        if (count > 0) {
            text.append(buffer.data(), static_cast<std::size_t>(count));
        } else if (count < 0 && errno == EINTR) {
            count = 1;
        }
    }
    if (count < 0) {
        const Error host = Error::host(errno, fmt::format("cannot read '{}'", path));
        return Error::user(host.message());
    }
    if (text.size() > kMaxTextFileBytes) {
        return Error::user(
            fmt::format("'{}': a text has at most {} bytes", path, kMaxTextFileBytes));
    }
    return text;
}

}  // namespace skiff::api
