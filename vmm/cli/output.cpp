// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/unique_fd.h"
#include "base/write_all.h"

namespace skiff::cli {

std::string visible(std::string_view text) {
    std::string line;
    line.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            line += fmt::format("\\x{:02x}", byte);
        } else {
            line += c;
        }
    }
    return line;
}

int print(std::string_view text) {
    const int failure = write_all(STDOUT_FILENO, text);
    return failure == 0 ? kStatusOk : report(Error::host(failure, "writing to standard output"));
}

Result<void> write_file(const std::string& path, std::span<const std::uint8_t> content) {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!fd.valid()) {
        return Error::host(errno, fmt::format("opening '{}' for writing", path));
    }
    const std::string_view text(reinterpret_cast<const char*>(content.data()), content.size());
    const int failure = write_all(fd.get(), text);
    return failure == 0 ? Result<void>() : Error::host(failure, fmt::format("writing '{}'", path));
}

int report(const Error& error) {
    const std::string line = "skiff: " + visible(error.message()) + "\n";
    // Where standard error cannot be written there is nobody to tell.
    static_cast<void>(write_all(STDERR_FILENO, line));
    switch (error.kind()) {
        case ErrorKind::kUser:
            return kStatusUserError;
        case ErrorKind::kCommandNotExecutable:
            return kStatusCommandNotExecutable;
        case ErrorKind::kCommandNotFound:
            return kStatusCommandNotFound;
        case ErrorKind::kHost:
            break;
    }
    return kStatusHostError;
}

}  // namespace skiff::cli
