// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tests/support/elf_builder.h"

namespace skiff::test {

/// A file with this content for as long as the object lives.
class TemporaryFile {
  public:
    explicit TemporaryFile(const Bytes& content);
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile();

    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

}  // namespace skiff::test
