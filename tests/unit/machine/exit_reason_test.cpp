// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/exit_reason.h"

#include <catch2/catch.hpp>

using skiff::machine::exit_status;
using skiff::machine::ExitReason;

TEST_CASE("Each reason to stop has its exit status") {
    struct Case {
        ExitReason::Kind kind;
        unsigned value;
        int status;
    };
    const Case cases[] = {
        {ExitReason::Kind::kPowerOff, 0, 0},        {ExitReason::Kind::kPowerOff, 7, 7},
        {ExitReason::Kind::kReset, 0, 0},           {ExitReason::Kind::kReset, 3, 3},
        {ExitReason::Kind::kDebugExit, 0, 1},       {ExitReason::Kind::kDebugExit, 0x10, 0x21},
        {ExitReason::Kind::kDebugExit, 0xff, 0xff}, {ExitReason::Kind::kKernelPanic, 0, 70},
        {ExitReason::Kind::kTripleFault, 0, 71},    {ExitReason::Kind::kKvmFailed, 0, 72},
        {ExitReason::Kind::kTimeout, 0, 124},       {ExitReason::Kind::kUserQuit, 0, 0},
        {ExitReason::Kind::kKernelOops, 0, 73},     {ExitReason::Kind::kKernelWarning, 0, 74},
        {ExitReason::Kind::kKernelLockup, 0, 75},   {ExitReason::Kind::kSilence, 0, 76},
        {ExitReason::Kind::kCommandEnded, 0, 0},    {ExitReason::Kind::kCommandEnded, 255, 255},
        {ExitReason::Kind::kCommandLost, 9, 125},   {ExitReason::Kind::kPowerOff, 0x103, 3},
        {ExitReason::Kind::kSignal, 15, 143},       {ExitReason::Kind::kHostError, 0, 1},
        {ExitReason::Kind::kForced, 0, 143},
    };
    for (const Case& one : cases) {
        const ExitReason reason{.kind = one.kind, .value = one.value, .detail = {}, .vcpu = {}};
        INFO(skiff::machine::describe(reason));
        REQUIRE(exit_status(reason) == one.status);
    }
}

TEST_CASE("A reason is described with its detail") {
    const ExitReason reason{
        .kind = ExitReason::Kind::kTripleFault, .value = 0, .detail = "on vCPU 3", .vcpu = 3};
    REQUIRE(skiff::machine::describe(reason) == "triple fault: on vCPU 3");
}
