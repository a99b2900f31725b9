// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "boot/initramfs/file_tree.h"
#include "vmm/bundle/host_files.h"

namespace skiff::bundle {

/// Packs programs of the host with all that starting them takes: loader, shared libraries, the
/// interpreters of scripts.
class Programs {
  public:
    explicit Programs(boot::initramfs::FileTree& tree) : tree_(tree), files_(tree) {}

    /// The path of a program by the command's first word: where it says, or where PATH finds it.
    /// Errors are of the kinds kCommandNotFound and kCommandNotExecutable.
    static Result<std::string> find(const std::string& word);

    /// Packs a program that the command runs, at its own path. The error says why it cannot run.
    Result<void> add(const std::string& path);

    /// Packs what a file needs that is in the tree already, if it is a program or a shared library;
    /// others need nothing.
    Result<void> add_needs_of(const std::string& path);

  private:
    Result<void> add_needs(const std::string& path, int depth, bool is_command);
    Result<void> add_script_needs(const std::string& path, const std::string& interpreter,
                                  const std::string& argument, int depth);
    Result<void> add_libraries(const std::string& path, const std::string& loader);

    boot::initramfs::FileTree& tree_;
    HostFiles files_;
    std::string loader_;  ///< The last one seen: plug-ins do not name theirs.
};

/// Packs the host's busybox, if that is a static program: as itself, as /bin/sh where there is no
/// other, and (`with_applets`) by all names of its applets that are not there yet. Its path; empty
/// where the host has none.
Result<std::string> add_busybox(boot::initramfs::FileTree& tree, bool with_applets);

/// Whether the host's busybox, if it has a static one, has this applet; its path then.
Result<std::string> find_busybox_applet(const std::string& name);

}  // namespace skiff::bundle
