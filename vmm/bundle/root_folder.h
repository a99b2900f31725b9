// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/file.h"
#include "base/result.h"

namespace skiff::bundle {

/// Where commands are looked for in a guest.
inline constexpr const char* kGuestPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A folder of the host that is to be a guest's root.
class RootFolder {
  public:
    /// A user error where it is no folder that may be read.
    static Result<RootFolder> open(const std::string& path);

    const std::string& path() const { return path_; }

    /// Where a command is, by a path (a relative one from `working_folder`) or by a name, as the
    /// guest would find it: links lead to places in the folder, never out of it. Errors are of the
    /// kinds kCommandNotFound and kCommandNotExecutable.
    Result<std::string> find_program(const std::string& word,
                                     const std::string& working_folder) const;

    /// What its files take, in whole blocks, and how many there are.
    struct Size {
        std::uint64_t bytes = 0;
        std::uint64_t files = 0;
    };
    Result<Size> measure() const;

    /// An ext4 file system with all of it, in a file that has no name and goes with its descriptor,
    /// made by mke2fs. Owners and permissions are kept.
    Result<File> make_disk(const Size& size) const;

  private:
    enum class Found { kProgram, kNoProgram, kNothing };
    RootFolder(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
    Found look_at(const std::string& guest_path) const;

    std::string path_;
    UniqueFd fd_;
};

}  // namespace skiff::bundle
