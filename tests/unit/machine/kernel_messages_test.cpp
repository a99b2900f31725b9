// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/kernel_messages.h"

#include <catch2/catch.hpp>
#include <string>

using skiff::machine::KernelTrouble;
using skiff::machine::split_kernel_line;
using skiff::machine::trouble_in;

namespace {

std::string message_of(std::string_view line) {
    return std::string(split_kernel_line(line).message);
}

}  // namespace

TEST_CASE("A kernel's message stands behind its time stamp, wherever that is") {
    CHECK(message_of("[    1.234567] BUG: x") == "BUG: x");
    CHECK(message_of("[12345.234567] BUG: x") == "BUG: x");
    CHECK(message_of("[    1.234567][    T1] BUG: x") == "BUG: x");
    CHECK(message_of("[    1.234567] [  C0] BUG: x") == "BUG: x");
    CHECK(message_of("# [    1.234567] BUG: x") == "BUG: x");
    CHECK(message_of("[1] [    1.234567] BUG: x") == "BUG: x");
    CHECK(split_kernel_line("[    1.234567] ").has_stamp);
    for (const char* const line : {"BUG: x", "[1.5] BUG: x", "[a.234567] x", "[    1.2345678] x",
                                   "[", "[    1.234567", "", "[]"}) {
        INFO(line);
        CHECK_FALSE(split_kernel_line(line).has_stamp);
        CHECK(message_of(line) == line);
    }
}

TEST_CASE("What a kernel says of its troubles is told apart by its first words") {
    struct Case {
        const char* message;
        std::optional<KernelTrouble> trouble;
    };
    const Case cases[] = {
        {"Kernel panic - not syncing: sysrq triggered crash", KernelTrouble::kPanic},
        {"BUG: kernel NULL pointer dereference, address: 0000000000000000", KernelTrouble::kOops},
        {"BUG: unable to handle page fault for address: ffffc90000004000", KernelTrouble::kOops},
        {"BUG: KASAN: use-after-free in f+0x1/0x2", KernelTrouble::kOops},
        {"kernel BUG at mm/slub.c:305!", KernelTrouble::kOops},
        {"Oops: 0002 [#1] PREEMPT SMP PTI", KernelTrouble::kOops},
        {"general protection fault, probably for non-canonical address 0xdead: 0000 [#1] SMP",
         KernelTrouble::kOops},
        {"invalid opcode: 0000 [#1] SMP", KernelTrouble::kOops},
        {"divide error: 0000 [#12]", KernelTrouble::kOops},
        {"stack segment: 00ff [#2] PREEMPT SMP", KernelTrouble::kOops},
        {"WARNING: CPU: 1 PID: 77 at kernel/smp.c:912 smp_call_function_many_cond+0x1/0x2",
         KernelTrouble::kWarning},
        {"WARNING: possible circular locking dependency detected", KernelTrouble::kWarning},
        {"UBSAN: shift-out-of-bounds in x.c:1:2", KernelTrouble::kWarning},
        {"watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [sh:1]", KernelTrouble::kLockup},
        {"NMI watchdog: Watchdog detected hard LOCKUP on cpu 1", KernelTrouble::kLockup},
        {"BUG: workqueue lockup - pool cpus=0", KernelTrouble::kLockup},
        {"rcu: INFO: rcu_sched detected stalls on CPUs/tasks:", KernelTrouble::kLockup},
        {"rcu: INFO: rcu_preempt self-detected stall on CPU", KernelTrouble::kLockup},
        {"rcu: INFO: rcu_sched detected expedited stalls on CPUs/tasks: { 1-... }",
         KernelTrouble::kLockup},
        {"INFO: task init:1 blocked for more than 120 seconds.", KernelTrouble::kLockup},
        {"traps: prog[12] general protection fault ip:401000 sp:7ffc error:0", std::nullopt},
        {"init[1]: segfault at 0 ip 0000000000401000 sp 00007ffc error 4", std::nullopt},
        {"the log says BUG: x", std::nullopt},
        {"BUG", std::nullopt},
        {"WARNING: CPU", std::nullopt},
        {"rcu: Hierarchical RCU implementation.", std::nullopt},
        {"INFO: task x", std::nullopt},
        {"job [#1]", std::nullopt},
        {"took 0x: 12 [#1]", std::nullopt},
        {" [#1]", std::nullopt},
        {"", std::nullopt},
    };
    for (const Case& one : cases) {
        INFO(one.message);
        CHECK(trouble_in(one.message) == one.trouble);
    }
}

TEST_CASE("The ends of panics and traces are known") {
    CHECK(skiff::machine::ends_panic("---[ end Kernel panic - not syncing: x ]---"));
    CHECK_FALSE(skiff::machine::ends_panic("---[ end trace 0000000000000000 ]---"));
    CHECK(skiff::machine::ends_trace("---[ end trace 0000000000000000 ]---"));
    CHECK(skiff::machine::waits_for_reboot("Rebooting in 10 seconds.."));
    CHECK_FALSE(skiff::machine::waits_for_reboot("Rebooting in a moment"));
}
