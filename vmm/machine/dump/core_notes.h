// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "vmm/kvm/vcpu.h"

/// The notes of an ELF core.
namespace skiff::machine {

/// Adds an ELF note (System V gABI, chapter 5, "Note Section") to `notes`.
void add_note(std::vector<std::uint8_t>& notes, std::string_view owner, std::uint32_t type,
              std::span<const std::uint8_t> description);

/// Adds what gdb, crash and drgn know as a thread: NT_PRSTATUS with the general registers and
/// NT_FPREGSET, in the layout of Linux's <sys/procfs.h>. Thread ids are index + 1.
Result<void> add_vcpu_notes(std::vector<std::uint8_t>& notes, const kvm::Vcpu& vcpu);

/// The text of the note that Linux keeps for crash tools (kernel/crash_core.c, vmcoreinfo_data),
/// where `page`, a page of the guest, holds it from its beginning; else empty. It is the guest's
/// text: what is not like it is refused.
std::string_view vmcoreinfo_in(std::span<const std::uint8_t> page);

}  // namespace skiff::machine
