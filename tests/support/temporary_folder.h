// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "base/check.h"

namespace skiff::test {

/// An empty folder, which goes with the object and all that is in it.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        path_ = std::filesystem::temp_directory_path() / "skiff-test-XXXXXX";
        SKIFF_CHECK(::mkdtemp(path_.data()) != nullptr);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

}  // namespace skiff::test
