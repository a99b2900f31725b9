// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// This processor's local APIC in xAPIC mode (Intel SDM 3A, chapter 10).
namespace payload::local_apic {

constexpr std::uint64_t kBase = 0xfee00000;

/// Software-enables it; the spurious vector is 255.
void enable();
/// APIC id from the register (not from CPUID).
std::uint32_t id();
/// Acknowledges the interrupt in service.
void end_of_interrupt();

/// Sends INIT and start-up to all other processors; they begin at the 4 KiB page `page_number`.
void start_all_others(std::uint8_t page_number);

/// The timer counts down from `initial_count` at the bus clock (1 GHz on KVM) and raises `vector`.
enum class TimerMode { kOneShot, kPeriodic };
void start_timer(TimerMode mode, std::uint8_t vector, std::uint32_t initial_count);
void stop_timer();
std::uint32_t timer_current_count();

}  // namespace payload::local_apic
