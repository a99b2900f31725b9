// SPDX-License-Identifier: Apache-2.0
#include "tests/support/temporary_file.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/unique_fd.h"

namespace skiff::test {

TemporaryFile::TemporaryFile(const Bytes& content)
    : path_((std::filesystem::temp_directory_path() / "skiff-test-XXXXXX").string()) {
    const UniqueFd fd(::mkstemp(path_.data()));
    if (!fd.valid() ||
        ::write(fd.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
        std::abort();
    }
}

TemporaryFile::~TemporaryFile() {
    ::unlink(path_.c_str());
}

}  // namespace skiff::test
