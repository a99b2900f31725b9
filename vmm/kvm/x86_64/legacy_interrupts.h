// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "vmm/kvm/vm.h"

namespace skiff::kvm::x86_64 {

/// Sets the two 8259 as a PC's firmware leaves them: their vectors from 0x08 and 0x70 on, the
/// timer, the keyboard and the cascade unmasked. After Vm::create_irqchip(), before a vCPU runs.
Result<void> set_firmware_pics(const Vm& vm);

/// Has the PIT tick 18.2 times a second on IRQ 0, as a PC's firmware leaves it. After
/// Vm::create_pit().
Result<void> start_firmware_timer(const Vm& vm);

}  // namespace skiff::kvm::x86_64
