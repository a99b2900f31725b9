// SPDX-License-Identifier: Apache-2.0
#include "vmm/bundle/root_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/child_process.h"
#include "base/units.h"

namespace skiff::bundle {
namespace {

constexpr std::uint64_t kBlockBytes = 4096;
constexpr std::uint64_t kInodeBytes = 256;
// For what a file system needs beside files and their inodes, and for what comes while we copy.
constexpr std::uint64_t kSpareBytes = 16 * kMiB;
constexpr std::uint64_t kSpareInodes = 1024;
constexpr std::chrono::minutes kMakeDiskTime{10};

Error cannot_use(const std::string& path, int error) {
    return Error::user(Error::host(error, "--root: cannot use '" + path + "'").message());
}

/// A file without a name: in TMPDIR, since a root can be larger than memory.
Result<UniqueFd> nameless_file() {
    const char* const folder = std::getenv("TMPDIR");
    const std::string path = folder != nullptr && *folder != '\0' ? folder : "/tmp";
    UniqueFd fd(::open(path.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!fd.valid()) {
        return Error::host(errno, "cannot make a file for the root disk in '" + path + "'");
    }
    return fd;
}

}  // namespace

Result<RootFolder> RootFolder::open(const std::string& path) {
    std::error_code failure;
    const std::string real = std::filesystem::canonical(path, failure).string();
    if (failure) {
        return cannot_use(path, failure.value());
    }
    UniqueFd fd(::open(real.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) {
        return cannot_use(path, errno);
    }
    return RootFolder(real, std::move(fd));
}

RootFolder::Found RootFolder::look_at(const std::string& guest_path) const {
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT;
    const UniqueFd file(
        static_cast<int>(::syscall(SYS_openat2, fd_.get(), guest_path.c_str(), &how, sizeof how)));
    struct stat status {};
    if (!file.valid() || ::fstat(file.get(), &status) != 0) {
        return Found::kNothing;
    }
    const bool runs = S_ISREG(status.st_mode) && (status.st_mode & 0111) != 0;
    return runs ? Found::kProgram : Found::kNoProgram;
}

Result<std::string> RootFolder::find_program(const std::string& word,
                                             const std::string& working_folder) const {
    if (word.find('/') != std::string::npos) {
        const std::string path = word.starts_with('/') ? word : working_folder + "/" + word;
        switch (look_at(path)) {
            case Found::kProgram:
                return path;
            case Found::kNoProgram:
                return Error::command(
                    ErrorKind::kCommandNotExecutable,
                    fmt::format("'{}' in {} is no file with execute permission", word, path_));
            case Found::kNothing:
                break;
        }
        return Error::command(
            ErrorKind::kCommandNotFound,
            fmt::format("'{}' does not exist in {}; nothing was booted", path, path_));
    }
    std::string_view folders = kGuestPath;
    while (!folders.empty()) {
        const std::string_view folder = folders.substr(0, folders.find(':'));
        folders.remove_prefix(std::min(folder.size() + 1, folders.size()));
        std::string path = fmt::format("{}/{}", folder, word);
        if (look_at(path) == Found::kProgram) {
            return path;
        }
    }
    return Error::command(
        ErrorKind::kCommandNotFound,
        fmt::format("'{}' was not found in {} ({}); nothing was booted", word, path_, kGuestPath));
}

Result<RootFolder::Size> RootFolder::measure() const {
    Size size;
    std::error_code failure;
    std::filesystem::recursive_directory_iterator entry(path_, failure);
    for (const std::filesystem::recursive_directory_iterator end; !failure && entry != end;
         entry.increment(failure)) {
        struct stat status {};
        if (::lstat(entry->path().c_str(), &status) != 0) {
            return cannot_use(entry->path().string(), errno);
        }
        ++size.files;
        if (!S_ISBLK(status.st_mode) && !S_ISCHR(status.st_mode)) {
            size.bytes += align_up(static_cast<std::uint64_t>(status.st_size), kBlockBytes);
        }
    }
    return failure ? Result<Size>(cannot_use(path_, failure.value())) : size;
}

Result<File> RootFolder::make_disk(const Size& size) const {
    const std::string mke2fs = skiff::find_program("mke2fs").empty()
                                   ? skiff::find_program("/sbin/mke2fs")
                                   : skiff::find_program("mke2fs");
    if (mke2fs.empty()) {
        return Error::host(
            "mke2fs, which makes the root disk, was not found: apt-get install e2fsprogs");
    }
    SKIFF_ASSIGN_OR_RETURN(UniqueFd disk, nameless_file());
    const std::uint64_t inodes = size.files + kSpareInodes;
    // An eighth more for what maps and describes the blocks.
    const std::uint64_t bytes = size.bytes + size.bytes / 8 + inodes * kInodeBytes + kSpareBytes;
    SKIFF_ASSIGN_OR_RETURN(
        const ProgramOutput said,
        run_program(
            {.path = mke2fs,
             .arguments = {"mke2fs", "-q", "-F", "-t", "ext4", "-O", "^has_journal", "-m", "0",
                           "-b", fmt::format("{}", kBlockBytes), "-N", fmt::format("{}", inodes),
                           "-d", path_, fmt::format("/proc/self/fd/{}", disk.get()),
                           fmt::format("{}k", bytes / kKiB)},
             .inherited = {disk.get()}},
            kMakeDiskTime));
    if (!said.succeeded()) {
        return Error::host(fmt::format("mke2fs could not make a disk of '{}' ({}): {}", path_,
                                       said.end.describe(),
                                       said.text.substr(0, said.text.find('\n'))));
    }
    return File::from_descriptor(std::move(disk), "the root disk of " + path_);
}

}  // namespace skiff::bundle
