// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "boot/kernel_image.h"

namespace skiff::boot {

/// The file that has a kernel's symbols: an ELF kernel itself; for a bzImage, the vmlinux that it
/// was made from, where one is beside it or at the root of its build tree (arch/x86/boot/bzImage)
/// and has the same segments as what the bzImage unpacks to. Else the kernel's own path.
std::string symbol_file_of(const KernelImage& kernel);

}  // namespace skiff::boot
