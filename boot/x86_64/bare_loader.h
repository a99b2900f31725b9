// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/guest_memory.h"
#include "base/result.h"
#include "boot/boot_request.h"
#include "boot/kernel_image.h"
#include "boot/x86_64/boot_loader.h"

/// Guests that are no Linux: test images, unikernels, small kernels of one's own. What skiff hands
/// over lies where the image does not, below 1 MiB if there is room.
namespace skiff::boot::x86_64 {

/// Loads a Multiboot 1 image with its modules, which lie behind the image in their order.
Result<LoadedGuest> load_multiboot(GuestMemory& memory, const KernelImage& kernel,
                                   const BootRequest& request);

/// Loads request.kernel_path as it is to request.flat->address, and enters it there: with all
/// general registers 0, no stack, and in 64-bit mode the lowest 4 GiB mapped one to one.
Result<LoadedGuest> load_flat(GuestMemory& memory, const BootRequest& request);

}  // namespace skiff::boot::x86_64
