// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/lost_memory.h"

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/check.h"

namespace skiff::machine {
namespace {

constexpr int kHostFailed = 1;  // docs/architecture.md, "Exit status"
constexpr std::string_view kMessage =
    "skiff: guest memory is gone: was the kernel or initrd file truncated while the guest used it? "
    "(They are mapped, not copied: replace such files by a rename)\n";

std::atomic<const GuestMemory*> guest_memory{nullptr};

bool is_guest_memory(const void* address) {
    const GuestMemory* const memory = guest_memory.load();
    if (memory == nullptr) {
        return false;
    }
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    for (const GuestMemory::Region& region : memory->regions()) {
        const auto start = reinterpret_cast<std::uintptr_t>(region.mapping.data());
        if (at >= start && at - start < region.range.size_bytes) {
            return true;
        }
    }
    return false;
}

void on_bus_error(int signal, siginfo_t* info, void* /*context*/) {
    const bool is_fault = info->si_code > 0;
    if (is_fault && is_guest_memory(info->si_addr)) {
        [[maybe_unused]] const auto written =
            ::write(STDERR_FILENO, kMessage.data(), kMessage.size());
        ::_exit(kHostFailed);
    }
    if (!is_fault && info->si_pid == ::getpid()) {
        return;  // a handler before us passed a fault on: the instruction faults again, for us
    }
    std::signal(signal, SIG_DFL);
    if (!is_fault) {
        ::raise(signal);
    }
}

}  // namespace

LostMemoryReport::LostMemoryReport(const GuestMemory& memory) {
    SKIFF_CHECK(guest_memory.exchange(&memory) == nullptr);
    struct sigaction action {};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigemptyset(&action.sa_mask);
    SKIFF_CHECK(::sigaction(SIGBUS, &action, &before_) == 0);
}

LostMemoryReport::~LostMemoryReport() {
    ::sigaction(SIGBUS, &before_, nullptr);
    guest_memory.store(nullptr);
}

}  // namespace skiff::machine
