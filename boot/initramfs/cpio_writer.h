// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/file.h"
#include "base/result.h"
#include "boot/initramfs/file_tree.h"

namespace skiff::boot::initramfs {

/// Writes the tree as an uncompressed cpio archive ("newc", Linux,
/// Documentation/driver-api/early-userspace/buffer-format.rst) into a file in memory, which errors
/// call `name`. The content of `source` files is read now; where one cannot be, the error names it.
///
/// Uncompressed, because the host's page cache is cheaper than a guest that unpacks.
Result<File> write_cpio(const FileTree& tree, const std::string& name);

}  // namespace skiff::boot::initramfs
