// SPDX-License-Identifier: Apache-2.0
// Counts interrupts of the PIT (channel 0, through the IOAPIC) and of the local APIC's timer, and
// watches kvmclock advance.
#include "runtime/console.h"
#include "runtime/interrupts.h"
#include "runtime/io_apic.h"
#include "runtime/io_port.h"
#include "runtime/kvm_clock.h"
#include "runtime/local_apic.h"
#include "runtime/processor.h"
#include "runtime/run_payload.h"

namespace payload {
namespace {

constexpr std::uint8_t kPitVector = 0x40;
constexpr std::uint8_t kLocalTimerVector = 0x41;

// Intel 8254: channel 0 at port 0x40, control word at 0x43; input clock 1193182 Hz.
constexpr std::uint16_t kPitChannel0 = 0x40;
constexpr std::uint16_t kPitControl = 0x43;
constexpr std::uint8_t kPitRateGenerator = 0x34;
constexpr std::uint16_t kPitDivisor200Hz = 5966;

constexpr std::uint32_t kInterruptsToSee = 10;
// 5 ms of the 1 GHz that KVM gives the local APIC's timer.
constexpr std::uint32_t kLocalTimerCount = 5'000'000;

volatile std::uint32_t pit_interrupts = 0;
volatile std::uint32_t local_timer_interrupts = 0;

void wait_for(const volatile std::uint32_t& counter) {
    while (counter < kInterruptsToSee) {
        wait_for_interrupt();
    }
}

void set_pit(std::uint8_t mode, std::uint16_t divisor) {
    out8(kPitControl, mode);
    out8(kPitChannel0, static_cast<std::uint8_t>(divisor));
    out8(kPitChannel0, static_cast<std::uint8_t>(divisor >> 8));
}

void count_pit_interrupts() {
    set_interrupt_handler(kPitVector, [](InterruptFrame&) {
        pit_interrupts = pit_interrupts + 1;
        local_apic::end_of_interrupt();
    });
    // ISA IRQ 0 reaches input 0 or, as on most machines, input 2.
    io_apic::route(0, kPitVector);
    io_apic::route(2, kPitVector);
    set_pit(kPitRateGenerator, kPitDivisor200Hz);
    wait_for(pit_interrupts);
    // Mode 0 with the count not loaded: silent.
    out8(kPitControl, 0x30);
    print("PIT interrupts: ", pit_interrupts, "\n");
}

void count_local_timer_interrupts() {
    set_interrupt_handler(kLocalTimerVector, [](InterruptFrame&) {
        local_timer_interrupts = local_timer_interrupts + 1;
        local_apic::end_of_interrupt();
    });
    local_apic::start_timer(local_apic::TimerMode::kPeriodic, kLocalTimerVector, kLocalTimerCount);
    wait_for(local_timer_interrupts);
    local_apic::stop_timer();
    print("local APIC timer interrupts: ", local_timer_interrupts, "\n");
}

}  // namespace

std::uint8_t run() {
    io_apic::mask_legacy_controllers();
    local_apic::enable();
    const bool have_clock = kvm_clock::set_up();
    const std::uint64_t begin = have_clock ? kvm_clock::nanoseconds() : 0;
    count_pit_interrupts();
    const std::uint64_t between = have_clock ? kvm_clock::nanoseconds() : 0;
    count_local_timer_interrupts();
    const std::uint64_t end = have_clock ? kvm_clock::nanoseconds() : 0;
    if (!have_clock) {
        print("no kvmclock\n");
        return 1;
    }
    print("kvmclock: PIT part ", between - begin, " ns, local timer part ", end - between, " ns\n");
    return 0;
}

}  // namespace payload
