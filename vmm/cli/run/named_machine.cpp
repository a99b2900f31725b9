// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/run/named_machine.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace skiff::cli {
namespace {

std::string folder() {
    const char* const runtime = std::getenv("XDG_RUNTIME_DIR");
    return runtime != nullptr && *runtime != '\0' ? fmt::format("{}/skiff", runtime)
                                                  : fmt::format("/tmp/skiff-{}", ::getuid());
}

}  // namespace

Result<DebugPlace> debug_place(const std::string& name) {
    if (name.empty() || name.starts_with('.') || name.find('/') != std::string::npos) {
        return Error::user(fmt::format(
            "'{}' cannot be the name of a file, which a debugger finds the machine by", name));
    }
    const std::string base = folder() + "/" + name;
    return DebugPlace{base + ".gdb", base + ".kernel"};
}

Result<void> make_private_folder(const DebugPlace& place) {
    const std::string path = std::filesystem::path(place.socket).parent_path().string();
    constexpr mode_t kOwnerOnly = 0700;
    if (::mkdir(path.c_str(), kOwnerOnly) != 0 && errno != EEXIST) {
        return Error::host(errno, fmt::format("cannot make the folder '{}'", path));
    }
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
        return Error::host(errno, fmt::format("cannot look at '{}'", path));
    }
    if (!S_ISDIR(status.st_mode) || status.st_uid != ::getuid() || (status.st_mode & 0077) != 0) {
        return Error::user(fmt::format(
            "'{}' is not a folder that belongs to you alone (mode 0700): remove it", path));
    }
    return {};
}

Result<std::unique_ptr<KernelLink>> KernelLink::create(const std::string& link,
                                                       const std::string& kernel_path) {
    std::error_code failure;
    const std::string target = std::filesystem::absolute(kernel_path, failure).string();
    ::unlink(link.c_str());
    if (::symlink(target.c_str(), link.c_str()) != 0) {
        return Error::host(errno, fmt::format("cannot make the link '{}'", link));
    }
    return std::unique_ptr<KernelLink>(new KernelLink(link));
}

KernelLink::~KernelLink() {
    ::unlink(link_.c_str());
}

}  // namespace skiff::cli
