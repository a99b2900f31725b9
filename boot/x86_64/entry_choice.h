// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "boot/boot_request.h"
#include "boot/kernel_image.h"

namespace skiff::boot::x86_64 {

/// What of the file is entered.
enum class EntryForm {
    kElf,   ///< The ELF file, or the one that was inside of a bzImage.
    kAsIs,  ///< A bzImage's own protected-mode code, which unpacks the kernel by itself.
};

struct EntryChoice {
    EntryProtocol protocol = EntryProtocol::kAuto;
    EntryForm form = EntryForm::kElf;
};

/// "pvh", "linux64", "linux32" (the words of --entry), or "auto".
std::string protocol_name(EntryProtocol protocol);

/// The ways in which this kernel can be entered, the preferred one first: PVH, 64-bit, 32-bit
/// protocol. An ELF file's own entry may be in 32-bit code even if the file is a 64-bit one (only
/// who made it knows), so that comes last.
std::vector<EntryChoice> entry_choices(const KernelImage& kernel);

/// The ones that the request's protocol and device tree allow; a user error names what the kernel
/// offers where there is none.
Result<std::vector<EntryChoice>> allowed_entries(const KernelImage& kernel,
                                                 const BootRequest& request);

}  // namespace skiff::boot::x86_64
