// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace skiff::boot {

/// One fact about a file.
struct Property {
    std::string key;    ///< Stable, for programs: "linux_version".
    std::string label;  ///< For people: "Linux version".
    std::string value;
};

/// What a file is and how skiff would use it.
struct Inspection {
    std::string path;
    std::string kind;         ///< Short and stable: "elf", "bzimage", "cpio", "ext", "qcow2", …
    std::string description;  ///< For people, with an article: "a Linux kernel for x86 (bzImage)".
    /// Whether `skiff run` takes it as a kernel, and if not, why (empty if it does).
    bool bootable = false;
    std::string obstacle;
    std::vector<Property> properties;  ///< In the order in which they are best shown.
};

/// Looks into a kernel (ELF, bzImage), initrd (cpio, also compressed) or disk image. What is broken
/// or unknown is no error but a finding; an error is a file that cannot be read.
Result<Inspection> inspect(const std::string& path);

}  // namespace skiff::boot
