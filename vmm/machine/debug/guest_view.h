// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/guest_memory.h"
#include "vmm/kvm/vcpu.h"
#include "vmm/machine/debug/breakpoint_set.h"
#include "vmm/machine/debug/x86_64/page_walk.h"

namespace skiff::machine {

/// Guest memory as a vCPU that stands sees it, by virtual address, without our own INT3s.
class GuestView {
  public:
    GuestView(GuestMemory& memory, BreakpointSet& breakpoints, const kvm::Vcpu& vcpu);

    std::optional<GuestAddress> translate(std::uint64_t linear_address) const;

    /// How many bytes from the start of `to` could be read.
    std::size_t read(std::uint64_t linear_address, std::span<std::uint8_t> to) const;
    /// False where a part could not be written; what came before it is.
    [[nodiscard]] bool write(std::uint64_t linear_address, std::span<const std::uint8_t> from);

    /// The same by guest physical address.
    [[nodiscard]] bool read_physical(GuestAddress address, std::span<std::uint8_t> to) const;
    [[nodiscard]] bool write_physical(GuestAddress address, std::span<const std::uint8_t> from);

  private:
    std::optional<x86_64::PageTranslation> walk(std::uint64_t linear_address) const;

    GuestMemory& memory_;
    BreakpointSet& breakpoints_;
    std::optional<x86_64::PagingMode> mode_;  // nothing where KVM did not tell
};

}  // namespace skiff::machine
