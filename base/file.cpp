// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/units.h"

namespace skiff {
namespace {

const char* describe_type(mode_t mode) {
    if (S_ISDIR(mode)) {
        return "a directory";
    }
    if (S_ISFIFO(mode)) {
        return "a pipe";
    }
    if (S_ISSOCK(mode)) {
        return "a socket";
    }
    if (S_ISCHR(mode)) {
        return "a character device";
    }
    if (S_ISBLK(mode)) {
        return "a block device";
    }
    return "a special file";
}

/// Whose mistake a failed open() is: the user named a wrong file, or the host has no more of
/// something.
Error cannot_open(int error, const std::string& path) {
    const Error host = Error::host(error, "cannot open '" + path + "'");
    const bool lack = error == EMFILE || error == ENFILE || error == ENOMEM || error == EIO;
    return lack ? host : Error::user(host.message());
}

}  // namespace

Result<File> File::open(const std::string& path) {
    // O_NONBLOCK: opening a FIFO would otherwise wait for a writer.
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    return fd.valid() ? from_descriptor(std::move(fd), path) : cannot_open(errno, path);
}

Result<File> File::from_descriptor(UniqueFd fd, const std::string& name) {
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) {
        return Error::host(errno, "cannot get the size of '" + name + "'");
    }
    if (!S_ISREG(status.st_mode)) {
        return Error::user(fmt::format("'{}' is {}; a regular file is needed", name,
                                       describe_type(status.st_mode)));
    }
    return File(std::move(fd), static_cast<std::uint64_t>(status.st_size), name);
}

Result<File> File::create_in_memory(const std::string& name, std::uint64_t size_bytes) {
    UniqueFd fd(::memfd_create("skiff-unpacked", MFD_CLOEXEC));
    if (!fd.valid()) {
        return Error::host(errno, "cannot create a file in memory for " + name);
    }
    if (::ftruncate(fd.get(), static_cast<off_t>(size_bytes)) != 0) {
        return Error::host(
            errno, "cannot size the file in memory for " + name + " to " + format_size(size_bytes));
    }
    return File(std::move(fd), size_bytes, name);
}

Result<File> File::from_bytes(const std::string& name, std::span<const std::uint8_t> content) {
    SKIFF_ASSIGN_OR_RETURN(File file, create_in_memory(name, content.size()));
    std::size_t done = 0;
    while (done < content.size()) {
        const ssize_t count = ::pwrite(file.fd(), content.data() + done, content.size() - done,
                                       static_cast<off_t>(done));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return Error::host(errno, "cannot write the file in memory for " + name);
        }
        done += static_cast<std::size_t>(count);
    }
    return file;
}

Result<void> File::read(std::uint64_t offset, std::span<std::uint8_t> to) const {
    if (!contains(offset, to.size())) {
        return Error::user(
            fmt::format("'{}' ends too early: {} bytes at offset {:#x} are outside "
                        "of its {} bytes",
                        name_, to.size(), offset, size_bytes_));
    }
    std::size_t done = 0;
    while (done < to.size()) {
        const ssize_t count = ::pread(fd_.get(), to.data() + done, to.size() - done,
                                      static_cast<off_t>(offset + done));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return Error::host(errno, "cannot read '" + name_ + "'");
        }
        if (count == 0) {
            return Error::user("'" + name_ + "' became shorter while it was read");
        }
        done += static_cast<std::size_t>(count);
    }
    return {};
}

Result<std::vector<std::uint8_t>> File::read_up_to(std::uint64_t offset,
                                                   std::uint64_t limit) const {
    if (offset >= size_bytes_) {
        return std::vector<std::uint8_t>();
    }
    std::vector<std::uint8_t> bytes(std::min(limit, size_bytes_ - offset));
    SKIFF_RETURN_IF_ERROR(read(offset, bytes));
    return bytes;
}

}  // namespace skiff
