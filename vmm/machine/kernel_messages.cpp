// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/kernel_messages.h"

#include <algorithm>
#include <array>

namespace skiff::machine {
namespace {

struct Opening {
    std::string_view words;
    KernelTrouble trouble;
};

// The first that fits counts: a soft lockup calls itself a BUG.
constexpr std::array kOpenings = {
    Opening{"Kernel panic - not syncing", KernelTrouble::kPanic},
    Opening{"watchdog: BUG: soft lockup", KernelTrouble::kLockup},
    Opening{"NMI watchdog: BUG: soft lockup", KernelTrouble::kLockup},
    Opening{"BUG: soft lockup", KernelTrouble::kLockup},
    Opening{"BUG: workqueue lockup", KernelTrouble::kLockup},
    Opening{"watchdog: Watchdog detected hard LOCKUP", KernelTrouble::kLockup},
    Opening{"NMI watchdog: Watchdog detected hard LOCKUP", KernelTrouble::kLockup},
    Opening{"BUG: ", KernelTrouble::kOops},
    Opening{"kernel BUG at ", KernelTrouble::kOops},
    Opening{"Kernel BUG at ", KernelTrouble::kOops},
    Opening{"Oops: ", KernelTrouble::kOops},
    Opening{"general protection fault", KernelTrouble::kOops},
    Opening{"Unable to handle kernel", KernelTrouble::kOops},
    Opening{"unable to handle kernel", KernelTrouble::kOops},
    Opening{"WARNING: CPU: ", KernelTrouble::kWarning},
    Opening{"WARNING: possible ", KernelTrouble::kWarning},
    Opening{"WARNING: suspicious RCU usage", KernelTrouble::kWarning},
    Opening{"WARNING: bad unlock balance", KernelTrouble::kWarning},
    Opening{"WARNING: inconsistent lock state", KernelTrouble::kWarning},
    Opening{"UBSAN: ", KernelTrouble::kWarning},
};

constexpr std::string_view kPanicEnd = "---[ end Kernel panic";
constexpr std::string_view kTraceEnd = "---[ end trace";

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

/// Takes the characters that `belongs` says yes to from the front; how many.
template <typename Predicate>
std::size_t skip(std::string_view& text, Predicate belongs) {
    const auto end = std::find_if_not(text.begin(), text.end(), belongs);
    const auto count = static_cast<std::size_t>(end - text.begin());
    text.remove_prefix(count);
    return count;
}

bool skip_word(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word)) {
        return false;
    }
    text.remove_prefix(word.size());
    return true;
}

/// "[    0.123456] " (kernel/printk/printk.c, print_time()): seconds and six digits.
bool skip_stamp(std::string_view& text) {
    std::string_view rest = text;
    if (!skip_word(rest, "[")) {
        return false;
    }
    skip(rest, [](char c) { return c == ' '; });
    if (skip(rest, is_digit) == 0 || !skip_word(rest, ".") || skip(rest, is_digit) != 6 ||
        !skip_word(rest, "]")) {
        return false;
    }
    skip_word(rest, " ");
    text = rest;
    return true;
}

/// "[    T1] " or "[    C0] ": thread or CPU (print_caller()).
void skip_caller(std::string_view& text) {
    std::string_view rest = text;
    if (!skip_word(rest, "[")) {
        return;
    }
    skip(rest, [](char c) { return c == ' '; });
    if ((skip_word(rest, "T") || skip_word(rest, "C")) && skip(rest, is_digit) != 0 &&
        skip_word(rest, "]")) {
        skip_word(rest, " ");
        text = rest;
    }
}

/// "stack segment: 0000 [#1] SMP": what __die_header() makes of any exception's name.
bool is_die_header(std::string_view message) {
    for (std::size_t at = message.find(" [#"); at != std::string_view::npos;
         at = message.find(" [#", at + 1)) {
        std::string_view number = message.substr(at + 3);
        const bool is_counted = skip(number, is_digit) != 0 && number.starts_with(']');
        const std::string_view before = message.substr(0, at);
        if (is_counted && before.size() > 6 && before.substr(before.size() - 6, 2) == ": " &&
            std::all_of(before.end() - 4, before.end(), is_hex)) {
            return true;
        }
    }
    return false;
}

/// "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:", "… self-detected stall on CPU",
/// "… detected expedited stalls on CPUs/tasks"; without the prefix in older kernels.
bool is_rcu_stall(std::string_view message) {
    skip_word(message, "rcu: ");
    return skip_word(message, "INFO: rcu") && message.find("detected") != std::string_view::npos &&
           message.find(" stall") != std::string_view::npos;
}

bool is_hung_task(std::string_view message) {
    return message.starts_with("INFO: task ") &&
           message.find(" blocked for more than ") != std::string_view::npos;
}

}  // namespace

KernelLine split_kernel_line(std::string_view line) {
    for (std::size_t at = line.find('['); at != std::string_view::npos;
         at = line.find('[', at + 1)) {
        std::string_view rest = line.substr(at);
        if (skip_stamp(rest)) {
            skip_caller(rest);
            return {true, rest};
        }
    }
    return {false, line};
}

std::optional<KernelTrouble> trouble_in(std::string_view message) {
    for (const Opening& opening : kOpenings) {
        if (message.starts_with(opening.words)) {
            return opening.trouble;
        }
    }
    if (is_rcu_stall(message) || is_hung_task(message)) {
        return KernelTrouble::kLockup;
    }
    if (is_die_header(message)) {
        return KernelTrouble::kOops;
    }
    return std::nullopt;
}

bool ends_panic(std::string_view message) {
    return message.starts_with(kPanicEnd);
}

bool waits_for_reboot(std::string_view message) {
    return skip_word(message, "Rebooting in ") && skip(message, is_digit) != 0 &&
           message.starts_with(" seconds..");
}

bool ends_trace(std::string_view message) {
    return message.starts_with(kTraceEnd);
}

}  // namespace skiff::machine
