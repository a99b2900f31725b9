// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/unique_fd.h"

namespace skiff::test {

using Bytes = std::vector<std::uint8_t>;

/// A raw disk image for as long as the object lives.
class DiskImage {
  public:
    explicit DiskImage(std::uint64_t size_bytes) {
        std::string path = folder() + "/skiff-disk-XXXXXX";
        fd_.reset(::mkostemp(path.data(), O_CLOEXEC));
        SKIFF_CHECK(fd_.valid());
        path_ = path;
        resize(size_bytes);
    }
    DiskImage(const DiskImage&) = delete;
    DiskImage& operator=(const DiskImage&) = delete;
    ~DiskImage() { ::unlink(path_.c_str()); }

    const std::string& path() const { return path_; }

    void resize(std::uint64_t size_bytes) {
        SKIFF_CHECK(::ftruncate(fd_.get(), static_cast<off_t>(size_bytes)) == 0);
    }
    void write(std::uint64_t offset, const Bytes& bytes) {
        SKIFF_CHECK(::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)) ==
                    static_cast<ssize_t>(bytes.size()));
    }
    Bytes read(std::uint64_t offset, std::size_t size) const {
        Bytes bytes(size);
        const ssize_t got =
            ::pread(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
        bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
        return bytes;
    }
    std::uint64_t size() const { return static_cast<std::uint64_t>(status().st_size); }
    std::uint64_t allocated_bytes() const {
        return static_cast<std::uint64_t>(status().st_blocks) * 512;
    }

    static std::string folder() {
        const char* const folder = std::getenv("TMPDIR");
        return folder == nullptr ? "/tmp" : folder;
    }

  private:
    struct stat status() const {
        struct stat status {};
        SKIFF_CHECK(::fstat(fd_.get(), &status) == 0);
        return status;
    }

    std::string path_;
    UniqueFd fd_;
};

}  // namespace skiff::test
