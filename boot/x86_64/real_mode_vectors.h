// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/guest_memory.h"
#include "boot/memory_plan.h"

namespace skiff::boot::x86_64 {

/// Where the code of these vectors is, within the area that no image may be loaded to.
inline constexpr GuestRange kRealModeHandlers{GuestAddress(0xff000), 17};

/// The interrupt vectors of real mode, as firmware leaves them: every one returns, those of the
/// 8259's lines (IRQ 0 to 7 at 0x08, 8 to 15 at 0x70) after an EOI. There are no BIOS services.
///
/// They are at address 0 and claim it; the code is in kRealModeHandlers. False where something of
/// the guest's lies at 0: then nothing is written.
bool write_real_mode_vectors(GuestMemory& memory, MemoryPlan& plan);

}  // namespace skiff::boot::x86_64
