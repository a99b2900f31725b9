// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/file.h"
#include "base/result.h"

namespace skiff::boot {

/// What a file looks like by its magic numbers.
struct FileKind {
    std::string id;           ///< Short and stable: "elf", "bzimage", "ext4", "cpio", "text", …
    std::string description;  ///< With an article: "an ext4 file system".
    std::string hint;         ///< What to do where it was given as a kernel; may be empty.
};

/// Looks at the beginning of the file and at the few other places where a magic number may be.
/// Never fails for what the content is: "data" is the last resort.
Result<FileKind> identify_file(const File& file);

}  // namespace skiff::boot
