// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/irqfd_line.h"

#include <sys/eventfd.h>

#include <cerrno>

namespace skiff::kvm {

Result<IrqfdLine> IrqfdLine::create(const Vm& vm, std::uint32_t gsi) {
    UniqueFd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!fd.valid()) {
        return Error::host(errno, "cannot create an eventfd for an interrupt line");
    }
    SKIFF_RETURN_IF_ERROR(vm.assign_irqfd(fd.get(), gsi));
    return IrqfdLine(std::move(fd));
}

void IrqfdLine::trigger() {
    // KVM consumes the count at once, so the counter cannot overflow; EAGAIN would mean that an
    // edge is pending anyway.
    ::eventfd_write(eventfd_.get(), 1);
}

}  // namespace skiff::kvm
