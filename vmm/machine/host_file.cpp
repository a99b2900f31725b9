// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/host_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/unique_fd.h"
#include "base/units.h"

namespace skiff::machine {

std::optional<std::string> read_host_file(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text(64 * kKiB, '\0');
    std::size_t size = 0;
    while (fd.valid() && size < text.size()) {
        const ssize_t got = ::read(fd.get(), text.data() + size, text.size() - size);
        if (got < 0) {
            return std::nullopt;
        }
        if (got == 0) {
            break;
        }
        size += static_cast<std::size_t>(got);
    }
    if (!fd.valid()) {
        return std::nullopt;
    }
    text.resize(size);
    return text;
}

std::optional<std::string> read_host_line(const std::string& path) {
    std::optional<std::string> text = read_host_file(path);
    if (text.has_value()) {
        text->resize(std::min(text->size(), text->find('\n')));
    }
    return text;
}

}  // namespace skiff::machine
