// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace skiff {

/// A regular file that is only read, by position, and whose size is what it was when opened. Also
/// an unlinked file in memory, for what was unpacked. Every error names the file.
///
/// The content may change while it is open: read it once, validate what was read.
class File {
  public:
    /// Opens `path`. What does not exist, may not be read, or is no regular file is a user error.
    static Result<File> open(const std::string& path);

    /// Makes an empty file of `size_bytes` zero bytes in memory. `name` is for messages.
    static Result<File> create_in_memory(const std::string& name, std::uint64_t size_bytes);

    /// A file in memory with this content, which errors call `name`.
    static Result<File> from_bytes(const std::string& name, std::span<const std::uint8_t> content);

    /// A regular file that is open already, which errors call `name`.
    static Result<File> from_descriptor(UniqueFd fd, const std::string& name);

    int fd() const { return fd_.get(); }
    std::uint64_t size_bytes() const { return size_bytes_; }
    const std::string& name() const { return name_; }

    /// Whether `size` bytes at `offset` lie inside the file as it was when opened.
    bool contains(std::uint64_t offset, std::uint64_t size) const {
        return offset <= size_bytes_ && size <= size_bytes_ - offset;
    }

    /// Fills `to` from `offset`. A user error where that is outside of the file, or where the file
    /// became shorter since it was opened.
    Result<void> read(std::uint64_t offset, std::span<std::uint8_t> to) const;

    /// As many bytes at `offset` as there are, at most `limit`; none behind the end.
    Result<std::vector<std::uint8_t>> read_up_to(std::uint64_t offset, std::uint64_t limit) const;

  private:
    File(UniqueFd fd, std::uint64_t size_bytes, std::string name)
        : fd_(std::move(fd)), size_bytes_(size_bytes), name_(std::move(name)) {}

    UniqueFd fd_;
    std::uint64_t size_bytes_ = 0;
    std::string name_;
};

}  // namespace skiff
