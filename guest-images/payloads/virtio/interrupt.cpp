// SPDX-License-Identifier: Apache-2.0
#include "virtio/interrupt.h"

#include "runtime/interrupts.h"
#include "runtime/io_apic.h"
#include "runtime/local_apic.h"
#include "runtime/patience.h"

namespace payload::virtio {
namespace {

constexpr std::uint8_t kFirstVector = 0x50;
constexpr std::uint8_t kTimerVector = 0x4f;
constexpr unsigned kMaxDevices = 4;
// 20 ms of the 1 GHz that KVM gives the local APIC's timer.
constexpr std::uint32_t kTimerCount = 20'000'000;

struct Watched {
    std::uint64_t address = 0;
    volatile std::uint32_t interrupts = 0;
    volatile std::uint32_t used_buffer = 0;
    volatile std::uint32_t configuration = 0;
};
Watched watched[kMaxDevices];
unsigned watched_count = 0;

void increment(volatile std::uint32_t& counter) {
    counter = counter + 1;
}

void on_interrupt(InterruptFrame& frame) {
    Watched& device = watched[frame.vector - kFirstVector];
    const auto status = load<std::uint32_t>(device.address + kInterruptStatus);
    store<std::uint32_t>(device.address + kInterruptAck, status);
    increment(device.interrupts);
    if ((status & kUsedBufferNotification) != 0) {
        increment(device.used_buffer);
    }
    if ((status & kConfigurationChangeNotification) != 0) {
        increment(device.configuration);
    }
    local_apic::end_of_interrupt();
}

const Watched* find(const Device& device) {
    for (unsigned i = 0; i < watched_count; ++i) {
        if (watched[i].address == device.window().address) {
            return &watched[i];
        }
    }
    return nullptr;
}

/// Halts until `condition()` holds, looking only after an interrupt of a device.
template <typename Condition>
bool sleep_until(Condition condition) {
    const std::uint64_t begin = read_tsc();
    local_apic::start_timer(local_apic::TimerMode::kPeriodic, kTimerVector, kTimerCount);
    bool holds = condition();
    while (!holds && read_tsc() - begin < kPatienceCycles) {
        wait_for_interrupt();
        holds = condition();
    }
    local_apic::stop_timer();
    return holds;
}

}  // namespace

void enable_interrupt(const Device& device) {
    if (find(device) != nullptr || watched_count == kMaxDevices) {
        return;
    }
    if (watched_count == 0) {
        io_apic::mask_legacy_controllers();
        local_apic::enable();
        set_interrupt_handler(kTimerVector,
                              [](InterruptFrame&) { local_apic::end_of_interrupt(); });
    }
    const auto vector = static_cast<std::uint8_t>(kFirstVector + watched_count);
    watched[watched_count++].address = device.window().address;
    set_interrupt_handler(vector, on_interrupt);
    io_apic::route(static_cast<std::uint8_t>(device.window().irq), vector);
}

InterruptCounts interrupt_counts(const Device& device) {
    const Watched* found = find(device);
    if (found == nullptr) {
        return {};
    }
    return {found->interrupts, found->used_buffer, found->configuration};
}

bool sleep_until_used(Queue& queue, Completion& completion) {
    // Interrupts are off but for inside the sleep, so that none can have been counted before.
    std::uint32_t before = interrupt_counts(queue.device()).interrupts;
    return sleep_until([&] {
        const std::uint32_t now = interrupt_counts(queue.device()).interrupts;
        if (now == before) {
            return false;
        }
        before = now;
        if (!queue.arm_interrupt()) {
            return false;
        }
        queue.disarm_interrupt();
        return queue.poll(completion);
    });
}

bool sleep_until_configuration_change(const Device& device, std::uint32_t seen) {
    return sleep_until([&] { return interrupt_counts(device).configuration != seen; });
}

}  // namespace payload::virtio
