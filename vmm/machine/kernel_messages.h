// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstddef>
#include <optional>
#include <string_view>

/// What a line of a Linux kernel's log says of its health. All of it is the guest's text.
namespace skiff::machine {

/// By rising severity.
enum class KernelTrouble {
    kWarning,  ///< WARN(), lockdep, UBSAN: the kernel goes on as before.
    kLockup,   ///< Soft and hard lockups, RCU stalls, tasks that are blocked for minutes.
    kOops,     ///< BUG(), a fault in kernel mode, KASAN: a task is killed, or worse.
    kPanic,    ///< It will not go on.
};
inline constexpr std::size_t kKernelTroubles = 4;
/// A set of them, by their numbers.
using KernelTroubles = std::bitset<kKernelTroubles>;
constexpr std::size_t index_of(KernelTrouble trouble) {
    return static_cast<std::size_t>(trouble);
}

/// A line without what printk puts before a message.
struct KernelLine {
    /// "[    0.123456] ", with or without the caller ("[    T1] ") that CONFIG_PRINTK_CALLER adds.
    bool has_stamp = false;
    /// What follows the stamp, wherever in the line that is: a program may have printed half a line
    /// before. Without a stamp, the whole line.
    std::string_view message;
};
KernelLine split_kernel_line(std::string_view line);

/// What a message reports by its first words (Linux 6.1: kernel/panic.c, kernel/watchdog.c,
/// kernel/watchdog_hld.c, kernel/hung_task.c, kernel/rcu/tree_stall.h, lib/bug.c,
/// arch/x86/kernel/dumpstack.c, arch/x86/mm/fault.c); nothing for all others.
std::optional<KernelTrouble> trouble_in(std::string_view message);

/// "---[ end Kernel panic": the last thing that a kernel prints which panicked and does not reboot.
bool ends_panic(std::string_view message);

/// "Rebooting in N seconds..": the last thing, behind a panic message, of a kernel that waits
/// before it reboots. Others say so too.
bool waits_for_reboot(std::string_view message);

/// "---[ end trace": all has been said of an oops or a warning.
bool ends_trace(std::string_view message);

}  // namespace skiff::machine
