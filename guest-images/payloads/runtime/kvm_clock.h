// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// KVM's paravirtual clock (Linux, Documentation/virt/kvm/x86/msr.rst and cpuid.rst).
namespace payload::kvm_clock {

/// Asks KVM to keep this processor's time structure up to date; false where CPUID offers no clock.
bool set_up();

/// Time since the VM's start.
std::uint64_t nanoseconds();

/// Whether KVM says that the VM was stopped for a while (PVCLOCK_GUEST_STOPPED). Stays so.
bool has_been_stopped();

/// The time-stamp counter's frequency as KVM tells it with its clock.
std::uint64_t tsc_hertz();

}  // namespace payload::kvm_clock
