// SPDX-License-Identifier: Apache-2.0
#include "runtime/local_apic.h"

#include "runtime/interrupts.h"
#include "runtime/memory_access.h"
#include "runtime/processor.h"

namespace payload::local_apic {
namespace {

constexpr std::uint64_t kId = 0x020;
constexpr std::uint64_t kEndOfInterrupt = 0x0b0;
constexpr std::uint64_t kSpuriousVector = 0x0f0;
constexpr std::uint64_t kCommandLow = 0x300;
constexpr std::uint64_t kTimer = 0x320;
constexpr std::uint64_t kInitialCount = 0x380;
constexpr std::uint64_t kCurrentCount = 0x390;
constexpr std::uint64_t kDivide = 0x3e0;

constexpr std::uint32_t kSoftwareEnable = 1 << 8;
constexpr std::uint32_t kSpurious = 255;
constexpr std::uint32_t kTimerPeriodic = 1 << 17;
constexpr std::uint32_t kMasked = 1 << 16;
constexpr std::uint32_t kDivideByOne = 0x0b;

constexpr std::uint32_t kAllExcludingSelf = 3 << 18;
constexpr std::uint32_t kLevelAssert = 1 << 14;
constexpr std::uint32_t kDeliveryInit = 5 << 8;
constexpr std::uint32_t kDeliveryStartUp = 6 << 8;
constexpr std::uint32_t kDeliveryPending = 1 << 12;

void write(std::uint64_t offset, std::uint32_t value) {
    store(kBase + offset, value);
}
std::uint32_t read(std::uint64_t offset) {
    return load<std::uint32_t>(kBase + offset);
}

void send(std::uint32_t command) {
    write(kCommandLow, command);
    while ((read(kCommandLow) & kDeliveryPending) != 0) {
        relax();
    }
}

}  // namespace

void enable() {
    set_interrupt_handler(kSpurious, [](InterruptFrame&) {});
    write(kSpuriousVector, kSoftwareEnable | kSpurious);
}

std::uint32_t id() {
    return read(kId) >> 24;
}

void end_of_interrupt() {
    write(kEndOfInterrupt, 0);
}

void start_all_others(std::uint8_t page_number) {
    send(kAllExcludingSelf | kLevelAssert | kDeliveryInit);
    send(kAllExcludingSelf | kLevelAssert | kDeliveryStartUp | page_number);
}

void start_timer(TimerMode mode, std::uint8_t vector, std::uint32_t initial_count) {
    write(kDivide, kDivideByOne);
    write(kTimer, (mode == TimerMode::kPeriodic ? kTimerPeriodic : 0) | vector);
    write(kInitialCount, initial_count);
}

void stop_timer() {
    write(kTimer, kMasked);
    write(kInitialCount, 0);
}

std::uint32_t timer_current_count() {
    return read(kCurrentCount);
}

}  // namespace payload::local_apic
