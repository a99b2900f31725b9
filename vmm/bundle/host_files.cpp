// SPDX-License-Identifier: Apache-2.0
#include "vmm/bundle/host_files.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace skiff::bundle {
namespace {

using boot::initramfs::Node;

constexpr int kMaxLinks = 40;

Error cannot_use(const std::string& path, int error) {
    return Error::user(Error::host(error, "cannot use '" + path + "'").message());
}

Result<struct stat> status_of(const std::string& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
        return cannot_use(path, errno);
    }
    return status;
}

Result<std::string> link_target(const std::string& path) {
    std::error_code failure;
    const auto target = std::filesystem::read_symlink(path, failure);
    return failure ? Result<std::string>(cannot_use(path, failure.value())) : target.string();
}

/// What the tree is to have of a file: all but its content.
Result<Node> node_of(const std::string& path, const struct stat& status) {
    Node node{.mode = status.st_mode,
              .user = status.st_uid,
              .group = status.st_gid,
              .modified = static_cast<std::uint32_t>(status.st_mtime)};
    if (S_ISREG(status.st_mode)) {
        if (::access(path.c_str(), R_OK) != 0) {
            return cannot_use(path, errno);
        }
        node.source = path;
    } else if (S_ISLNK(status.st_mode)) {
        SKIFF_ASSIGN_OR_RETURN(node.text, link_target(path));
    } else if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) {
        node.device_major = ::major(status.st_rdev);
        node.device_minor = ::minor(status.st_rdev);
    }
    return node;
}

/// The components of a path, in front of those that are there.
void prepend(std::string_view path, std::deque<std::string>& components) {
    std::size_t at = 0;
    std::deque<std::string> parts;
    while (at < path.size()) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        if (end != at) {
            parts.emplace_back(path.substr(at, end - at));
        }
        at = end + 1;
    }
    components.insert(components.begin(), parts.begin(), parts.end());
}

}  // namespace

Result<std::string> HostFiles::add(const std::string& path) {
    std::deque<std::string> rest;
    prepend(path, rest);
    std::string done;
    int links = 0;
    while (!rest.empty()) {
        const std::string name = std::exchange(rest.front(), {});
        rest.pop_front();
        if (name == "." || name == "..") {
            done.erase(name == "." ? done.size() : std::min(done.rfind('/'), done.size()));
            continue;
        }
        const std::string next = fmt::format("{}/{}", done, name);
        struct stat status {};
        if (::lstat(next.c_str(), &status) != 0) {
            return cannot_use(path, errno);
        }
        SKIFF_ASSIGN_OR_RETURN(Node node, node_of(next, status));
        if (S_ISLNK(status.st_mode)) {
            if (++links > kMaxLinks) {
                return cannot_use(path, ELOOP);
            }
            prepend(node.text, rest);
            if (node.text.starts_with('/')) {
                done.clear();
            }
            SKIFF_RETURN_IF_ERROR(tree_.add(next, std::move(node)));
            continue;
        }
        if (!S_ISDIR(status.st_mode) && !rest.empty()) {
            return cannot_use(path, ENOTDIR);
        }
        SKIFF_RETURN_IF_ERROR(tree_.add(next, std::move(node)));
        done = next;
    }
    return done.empty() ? std::string("/") : done;
}

Result<void> HostFiles::add_at(const std::string& host_path, const std::string& guest_path) {
    std::error_code failure;
    const std::string real = std::filesystem::canonical(host_path, failure).string();
    if (failure) {
        return cannot_use(host_path, failure.value());
    }
    SKIFF_ASSIGN_OR_RETURN(const struct stat top, status_of(real));
    SKIFF_ASSIGN_OR_RETURN(Node node, node_of(real, top));
    SKIFF_RETURN_IF_ERROR(tree_.add(guest_path, std::move(node)));
    if (!S_ISDIR(top.st_mode)) {
        return {};
    }
    const std::string below = guest_path == "/" ? std::string() : guest_path;
    std::filesystem::recursive_directory_iterator entry(real, failure);
    for (const std::filesystem::recursive_directory_iterator end; !failure && entry != end;
         entry.increment(failure)) {
        const std::string path = entry->path().string();
        SKIFF_ASSIGN_OR_RETURN(const struct stat status, status_of(path));
        if (S_ISSOCK(status.st_mode)) {
            continue;
        }
        SKIFF_ASSIGN_OR_RETURN(Node child, node_of(path, status));
        const std::string_view name =
            std::string_view(path).substr(real.size() + (real == "/" ? 0 : 1));
        SKIFF_RETURN_IF_ERROR(tree_.add(fmt::format("{}/{}", below, name), std::move(child)));
    }
    return failure ? cannot_use(host_path, failure.value()) : Result<void>();
}

Result<std::string> absolute_path(const std::string& path) {
    std::error_code failure;
    const auto absolute = std::filesystem::absolute(path, failure);
    return failure ? Result<std::string>(cannot_use(path, failure.value())) : absolute.string();
}

}  // namespace skiff::bundle
