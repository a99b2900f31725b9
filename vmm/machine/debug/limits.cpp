// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/debug/limits.h"

#include <fmt/format.h>

#include <vector>

namespace skiff::machine {

std::string describe_limits(const kvm::x86_64::DebugSupport& support) {
    std::vector<std::string> limits;
    const auto& supervisor = support.supervisor;
    if (!supervisor.single_step) {
        limits.emplace_back("no single step in kernel mode");
    }
    const bool has_int3 = supervisor.software_breakpoint || supervisor.int3_is_refused;
    if (!has_int3 && !supervisor.execute_slot) {
        limits.emplace_back("breakpoints by single-stepping, which is very slow");
    } else if (!has_int3) {
        limits.emplace_back("at most 4 breakpoints");
    } else if (!supervisor.execute_slot) {
        limits.emplace_back("hardware breakpoints by single-stepping, which is very slow");
    }
    if (!supervisor.write_slot) {
        limits.emplace_back("watchpoints by single-stepping, which is slow, and for writes only");
    }
    const auto& user = support.user;
    if (!user.single_step && !user.software_breakpoint && !user.execute_slot) {
        limits.emplace_back("nothing in user mode");
    } else {
        if (!user.single_step) {
            limits.emplace_back("no single step in user mode");
        }
        if (!user.software_breakpoint && has_int3) {
            limits.emplace_back("no software breakpoints in user mode");
        }
        if (!user.execute_slot && supervisor.execute_slot) {
            limits.emplace_back("no hardware breakpoints in user mode");
        }
    }
    if (limits.empty()) {
        return {};
    }
    return fmt::format("this host's KVM debugs guests with limits: {} (docs/debugging.md)",
                       fmt::join(limits, "; "));
}

}  // namespace skiff::machine
