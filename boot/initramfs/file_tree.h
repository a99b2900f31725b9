// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace skiff::boot::initramfs {

/// One file of an initramfs.
struct Node {
    /// File type and permissions, as in st_mode.
    std::uint32_t mode = 0;
    std::uint32_t user = 0;
    std::uint32_t group = 0;
    std::uint32_t modified = 0;  ///< Seconds since 1970.
    /// For regular files: where the content is on the host; empty where `text` is the content.
    std::string source{};
    /// A regular file's content, or a link's target.
    std::string text{};
    std::uint32_t device_major = 0;  ///< For device files.
    std::uint32_t device_minor = 0;
};

/// The files that an initramfs is to have, by their absolute paths: made in memory first, so that
/// parts can come in any order and from any place. Nothing here touches the host's files.
///
/// Folders above a path are made as needed. Where a link of the tree is on the way, it is
/// followed, as a kernel would do.
class FileTree {
  public:
    /// Puts a node at an absolute path, in place of what was there; but a folder stays the folder
    /// that it is, and only gets the new permissions. A user error where the path is none, or
    /// something on its way is no folder.
    Result<void> add(std::string_view path, Node node);

    Result<void> add_folder(std::string_view path, std::uint32_t permissions = 0755);
    /// A regular file with this content.
    Result<void> add_text(std::string_view path, std::string content,
                          std::uint32_t permissions = 0644);
    Result<void> add_link(std::string_view path, std::string target);
    Result<void> add_character_device(std::string_view path, std::uint32_t permissions,
                                      std::uint32_t major, std::uint32_t minor);

    /// The node at this path, links on the way (but not a last one) followed; null where there is
    /// none.
    const Node* find(std::string_view path) const;

    /// By path, without the slash at the beginning: each folder before what is in it.
    const std::map<std::string, Node, std::less<>>& nodes() const { return nodes_; }

  private:
    Result<std::string> resolve(std::string_view path) const;

    std::map<std::string, Node, std::less<>> nodes_;
};

}  // namespace skiff::boot::initramfs
