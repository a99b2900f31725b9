// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/careful_memory.h"

#include <sys/uio.h>
#include <unistd.h>

#include <vector>

namespace skiff::machine {

bool read_carefully(const GuestMemory& memory, GuestAddress address, std::span<std::uint8_t> to) {
    const auto from = memory.host_span(address, to.size());
    if (!from.has_value()) {
        return false;
    }
    const iovec local{to.data(), to.size()};
    const iovec remote{from->data(), from->size()};
    return ::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0) ==
           static_cast<ssize_t>(to.size());
}

bool write_carefully(const GuestMemory& memory, GuestAddress address,
                     std::span<const std::uint8_t> from) {
    const auto to = memory.host_span(address, from.size());
    if (!to.has_value()) {
        return false;
    }
    std::vector<std::uint8_t> copy(from.begin(), from.end());  // an iovec has no const
    const iovec local{copy.data(), copy.size()};
    const iovec remote{to->data(), to->size()};
    return ::process_vm_writev(::getpid(), &local, 1, &remote, 1, 0) ==
           static_cast<ssize_t>(copy.size());
}

}  // namespace skiff::machine
