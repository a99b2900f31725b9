// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "vmm/kvm/vcpu.h"
#include "vmm/kvm/x86_64/debug_probe.h"
#include "vmm/machine/debug/guest_view.h"
#include "vmm/machine/stop_latch.h"

namespace skiff::machine {

/// What gdb's `monitor` commands work on: the machine as one vCPU sees it.
struct MonitorScene {
    const kvm::Vcpu& vcpu;
    const std::vector<kvm::Vcpu>& vcpus;
    const GuestMemory& ram;
    GuestView& memory;
    StopLatch& latch;
    const kvm::x86_64::DebugSupport& support;
};

/// Does what the line says; the answer, or what is wrong with the line, as whole lines.
std::string run_monitor(std::string_view line, const MonitorScene& scene);

/// A few words on where a vCPU is: "kernel mode, 64-bit".
std::string describe_cpu(const kvm::Vcpu& vcpu);

/// "0000000000001000: 48 65 …  He…", 16 bytes a line.
std::string hex_dump(std::uint64_t address, std::span<const std::uint8_t> bytes);

}  // namespace skiff::machine
