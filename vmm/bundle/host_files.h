// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "boot/initramfs/file_tree.h"

namespace skiff::bundle {

/// Puts files of the host into a tree, at their own paths: what their path leads through is in the
/// guest as it is on the host. Where `/bin` is a link to `usr/bin`, it is one in the guest too, so
/// that a file is found there by each of its names.
///
/// A user error where something does not exist or may not be read.
class HostFiles {
  public:
    explicit HostFiles(boot::initramfs::FileTree& tree) : tree_(tree) {}

    /// A file by its absolute path, with the links on its way and those that it is itself, and what
    /// they lead to. A folder is only made. Where that leads to at last.
    Result<std::string> add(const std::string& path);

    /// A file, or a folder and all that is in it, at another path of the guest. Links in a folder
    /// stay what they are; sockets are left out.
    Result<void> add_at(const std::string& host_path, const std::string& guest_path);

  private:
    boot::initramfs::FileTree& tree_;
};

/// `path` with the working directory before it where it is relative; "." and ".." stay.
Result<std::string> absolute_path(const std::string& path);

}  // namespace skiff::bundle
