// SPDX-License-Identifier: Apache-2.0
#include "virtio/block/disk_lock.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace skiff::virtio::block {
namespace {

// After a process was killed, the kernel may still be finishing its I/O: then the file is locked
// and nobody has it. That takes milliseconds.
constexpr auto kBetweenAttempts = std::chrono::milliseconds(10);
constexpr int kAttempts = 200;

struct flock whole_file(short type) {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return lock;  // length 0: to the end, wherever that will be
}

std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    const std::unique_ptr<DIR, int (*)(DIR*)> open_folder(::opendir(folder.c_str()), ::closedir);
    while (open_folder != nullptr) {
        const dirent* const entry = ::readdir(open_folder.get());
        if (entry == nullptr) {
            break;
        }
        names.emplace_back(static_cast<const char*>(entry->d_name));
    }
    return names;
}

bool is_number(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// proc(5), fdinfo: a descriptor whose open file holds a lock has a line for it.
bool holds_lock(const std::string& fdinfo_path) {
    std::ifstream info(fdinfo_path);
    for (std::string line; std::getline(info, line);) {
        if (line.starts_with("lock:")) {
            return true;
        }
    }
    return false;
}

bool has_locked(const std::string& process, const struct stat& file) {
    const auto path_of = [&process](std::string_view folder, std::string_view name) {
        return fmt::format("/proc/{}/{}/{}", process, folder, name);
    };
    for (const std::string& name : names_in(path_of("fd", ""))) {
        struct stat status {};
        if (is_number(name) && ::stat(path_of("fd", name).c_str(), &status) == 0 &&
            status.st_dev == file.st_dev && status.st_ino == file.st_ino &&
            holds_lock(path_of("fdinfo", name))) {
            return true;
        }
    }
    return false;
}

/// The process that keeps others from locking the file; empty where none can be seen.
std::string visible_holder(int fd) {
    struct flock lock = whole_file(F_WRLCK);
    if (::fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0) {
        return std::to_string(lock.l_pid);
    }
    // An OFD lock belongs to an open file, not to a process: the kernel names nobody, so look who
    // has that file open.
    struct stat file {};
    if (::fstat(fd, &file) == 0) {
        for (std::string& process : names_in("/proc")) {
            if (is_number(process) && has_locked(process, file)) {
                return std::move(process);
            }
        }
    }
    return {};
}

std::string describe_process(const std::string& process) {
    std::ifstream comm("/proc/" + process + "/comm");
    std::string name;
    std::getline(comm, name);
    return name.empty() ? fmt::format("process {}", process)
                        : fmt::format("process {} ({})", process, name);
}

Error in_use(const std::string& path, const std::string& holder) {
    if (holder == std::to_string(::getpid())) {
        return Error::user(fmt::format(
            "disk '{}' is given twice: one machine has it once, or only read-only (,ro)", path));
    }
    return Error::host(fmt::format(
        "disk '{}' is in use by {}: end that first, or give the disk read-only to both (,ro)", path,
        holder.empty() ? "a process that cannot be seen from here" : describe_process(holder)));
}

}  // namespace

Result<void> lock_disk(int fd, const std::string& path, bool read_only) {
    struct flock lock = whole_file(read_only ? F_RDLCK : F_WRLCK);
    std::string holder;
    for (int attempt = 0; ::fcntl(fd, F_OFD_SETLK, &lock) != 0; ++attempt) {
        if (errno != EAGAIN && errno != EACCES) {
            return Error::host(errno, fmt::format("cannot lock disk '{}'", path));
        }
        holder = visible_holder(fd);
        if (!holder.empty() || attempt == kAttempts) {
            return in_use(path, holder);
        }
        std::this_thread::sleep_for(kBetweenAttempts);
    }
    return {};
}

}  // namespace skiff::virtio::block
