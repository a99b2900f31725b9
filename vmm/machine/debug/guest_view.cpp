// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/debug/guest_view.h"

#include <algorithm>
#include <vector>

#include "vmm/kvm/x86_64/debug_state.h"
#include "vmm/machine/careful_memory.h"

namespace skiff::machine {

GuestView::GuestView(GuestMemory& memory, BreakpointSet& breakpoints, const kvm::Vcpu& vcpu)
    : memory_(memory), breakpoints_(breakpoints) {
    if (const auto state = kvm::x86_64::read_paging_state(vcpu); state.ok()) {
        mode_ = x86_64::PagingMode{
            .cr0 = state->cr0, .cr3 = state->cr3, .cr4 = state->cr4, .efer = state->efer};
    }
}

std::optional<x86_64::PageTranslation> GuestView::walk(std::uint64_t linear_address) const {
    return mode_.has_value() ? x86_64::translate(memory_, *mode_, linear_address) : std::nullopt;
}

std::optional<GuestAddress> GuestView::translate(std::uint64_t linear_address) const {
    const auto found = walk(linear_address);
    return found.has_value() ? std::optional(found->address) : std::nullopt;
}

std::size_t GuestView::read(std::uint64_t linear_address, std::span<std::uint8_t> to) const {
    std::size_t done = 0;
    while (done < to.size()) {
        const auto page = walk(linear_address + done);
        if (!page.has_value()) {
            break;
        }
        const auto part = to.subspan(
            done,
            std::min<std::size_t>(to.size() - done, static_cast<std::size_t>(page->left_in_page)));
        if (!read_physical(page->address, part)) {
            break;
        }
        done += part.size();
    }
    return done;
}

bool GuestView::write(std::uint64_t linear_address, std::span<const std::uint8_t> from) {
    std::size_t done = 0;
    while (done < from.size()) {
        const auto page = walk(linear_address + done);
        if (!page.has_value()) {
            return false;
        }
        const auto part =
            from.subspan(done, std::min<std::size_t>(from.size() - done,
                                                     static_cast<std::size_t>(page->left_in_page)));
        if (!write_physical(page->address, part)) {
            return false;
        }
        done += part.size();
    }
    return true;
}

bool GuestView::read_physical(GuestAddress address, std::span<std::uint8_t> to) const {
    if (!read_carefully(memory_, address, to)) {
        return false;
    }
    breakpoints_.hide(address, to);
    return true;
}

bool GuestView::write_physical(GuestAddress address, std::span<const std::uint8_t> from) {
    if (!memory_.contains(address, from.size())) {
        return false;
    }
    std::vector<std::uint8_t> bytes(from.begin(), from.end());
    breakpoints_.keep(address, bytes);
    return write_carefully(memory_, address, bytes);
}

}  // namespace skiff::machine
