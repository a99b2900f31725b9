// SPDX-License-Identifier: Apache-2.0
#include "boot/initramfs/file_tree.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

namespace skiff::boot::initramfs {
namespace {

// As Linux: path_resolution(7).
constexpr int kMaxLinks = 40;

Error not_a_path(std::string_view path, std::string_view why) {
    return Error::user(fmt::format("'{}' cannot be a path in the guest: {}", path, why));
}

/// Takes the first component off; empty at the end.
std::string_view take_component(std::string_view& rest) {
    rest.remove_prefix(std::min(rest.find_first_not_of('/'), rest.size()));
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view component = rest.substr(0, end);
    rest.remove_prefix(end);
    return component;
}

bool is_last(std::string_view rest) {
    return rest.find_first_not_of('/') == std::string_view::npos;
}

std::string joined(const std::string& folder, std::string_view name) {
    return folder.empty() ? std::string(name) : fmt::format("{}/{}", folder, name);
}

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

}  // namespace

/// The path as a key of nodes_: links that the tree has on the way are followed, all but a last
/// one. What is not in the tree yet is a folder to be.
Result<std::string> FileTree::resolve(std::string_view path) const {
    if (!path.starts_with('/')) {
        return not_a_path(path, "it does not begin with '/'");
    }
    if (path.find('\0') != std::string_view::npos) {
        return not_a_path(path, "it has a NUL in it");
    }
    std::string rest_text(path);
    std::string_view rest = rest_text;
    std::string done;
    int links = 0;
    while (true) {
        const std::string_view component = take_component(rest);
        if (component.empty()) {
            return done;
        }
        if (component == ".") {
            continue;
        }
        if (component == "..") {
            done = parent_of(done);
            continue;
        }
        const std::string next = joined(done, component);
        const auto found = nodes_.find(next);
        if (found == nodes_.end() || is_last(rest)) {
            done = next;
            continue;
        }
        const Node& node = found->second;
        if (S_ISLNK(node.mode)) {
            if (++links > kMaxLinks) {
                return not_a_path(path, "too many links are on its way");
            }
            std::string followed = node.text + std::string(rest);
            done = node.text.starts_with('/') ? std::string() : done;
            rest_text = std::move(followed);
            rest = rest_text;
            continue;
        }
        if (!S_ISDIR(node.mode)) {
            return not_a_path(path, fmt::format("/{} is no folder there", next));
        }
        done = next;
    }
}

Result<void> FileTree::add(std::string_view path, Node node) {
    SKIFF_ASSIGN_OR_RETURN(const std::string key, resolve(path));
    if (key.empty()) {
        return S_ISDIR(node.mode) ? Result<void>() : not_a_path(path, "it is the root");
    }
    for (std::string above = parent_of(key); !above.empty() && nodes_.count(above) == 0;
         above = parent_of(above)) {
        nodes_[above] = Node{.mode = S_IFDIR | 0755};
    }
    Node& there = nodes_[key];
    if (S_ISDIR(there.mode) && !S_ISDIR(node.mode)) {
        return not_a_path(path, "it is a folder there");
    }
    // A folder may be behind a link that is there already.
    if (!(S_ISLNK(there.mode) && S_ISDIR(node.mode))) {
        there = std::move(node);
    }
    return {};
}

Result<void> FileTree::add_folder(std::string_view path, std::uint32_t permissions) {
    return add(path, {.mode = S_IFDIR | permissions});
}

Result<void> FileTree::add_text(std::string_view path, std::string content,
                                std::uint32_t permissions) {
    return add(path, {.mode = S_IFREG | permissions, .text = std::move(content)});
}

Result<void> FileTree::add_link(std::string_view path, std::string target) {
    return add(path, {.mode = S_IFLNK | 0777, .text = std::move(target)});
}

Result<void> FileTree::add_character_device(std::string_view path, std::uint32_t permissions,
                                            std::uint32_t major, std::uint32_t minor) {
    return add(path, {.mode = S_IFCHR | permissions, .device_major = major, .device_minor = minor});
}

const Node* FileTree::find(std::string_view path) const {
    const Result<std::string> key = resolve(path);
    if (!key.ok()) {
        return nullptr;
    }
    const auto found = nodes_.find(*key);
    return found == nodes_.end() ? nullptr : &found->second;
}

}  // namespace skiff::boot::initramfs
