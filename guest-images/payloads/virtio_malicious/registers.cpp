// SPDX-License-Identifier: Apache-2.0
// Registers and the status machine against VIRTIO 1.2, 2.1, 3.1.1 and 4.2.2: wrong widths, wrong
// places, wrong orders, resets at odd moments.
#include <initializer_list>

#include "virtio_malicious/case.h"

namespace payload::malicious {
namespace {

using virtio::Device;

void offer_good_chain(Victim& victim) {
    victim.write_good_chain();
    offer(victim, 0);
    notify(victim);
}

template <typename T>
void read_each(std::uint64_t from, std::uint64_t to, std::uint64_t step) {
    for (std::uint64_t address = from; address + sizeof(T) <= to; address += step) {
        load<T>(address);
    }
}

template <typename T>
void write_each(std::uint64_t from, std::uint64_t to, std::uint64_t step, T value) {
    for (std::uint64_t address = from; address + sizeof(T) <= to; address += step) {
        store<T>(address, value);
    }
}

constexpr std::uint64_t kRegistersAndSome = 0x140;

void read_all_ways(Victim& victim) {
    const virtio::Window& window = victim.device().window();
    const std::uint64_t some = window.address + kRegistersAndSome;
    read_each<std::uint8_t>(window.address, some, 1);
    read_each<std::uint16_t>(window.address, some, 1);
    read_each<std::uint32_t>(window.address, some, 1);
    read_each<std::uint64_t>(window.address, some, 1);
    read_each<std::uint32_t>(some, window.address + window.size, 60);
    read_each<std::uint64_t>(some, window.address + window.size, 61);
    load<std::uint8_t>(window.address + window.size - 1);
    offer_good_chain(victim);
}

void write_all_ways(Victim& victim) {
    const virtio::Window& window = victim.device().window();
    const std::uint64_t some = window.address + kRegistersAndSome;
    for (const std::uint64_t value : {~std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0}}) {
        write_each(window.address, some, 1, static_cast<std::uint8_t>(value));
        write_each(window.address, some, 2, static_cast<std::uint16_t>(value));
        write_each(window.address, some, 4, static_cast<std::uint32_t>(value));
        write_each(window.address, some, 3, static_cast<std::uint32_t>(value));
        write_each(window.address, some, 4, value);
        write_each(some, window.address + window.size, 61, value);
    }
    notify(victim);
}

void write_configuration(Victim& victim) {
    const virtio::Window& window = victim.device().window();
    write_each<std::uint8_t>(window.address + virtio::kConfig, window.address + window.size, 7,
                             0xff);
    write_each<std::uint64_t>(window.address + virtio::kConfig, window.address + window.size, 13,
                              ~std::uint64_t{0});
    offer_good_chain(victim);
}

void select_far_queues(Victim& victim) {
    const Device& device = victim.device();
    for (const std::uint32_t queue : {victim.queues(), 64u, 0xffffu, 0x10000u, 0xffffffffu}) {
        device.write(virtio::kQueueSel, queue);
        device.read(virtio::kQueueSizeMax);
        device.write(virtio::kQueueSize, 16);
        device.write_pair(virtio::kQueueDescLow, victim.scratch());
        device.write(virtio::kQueueReady, 1);
        device.read(virtio::kQueueReady);
        device.write(virtio::kQueueReset, 1);
        device.read(virtio::kQueueReset);
    }
    offer_good_chain(victim);
}

/// FEATURES_OK must not stick (3.1.1, step 6).
void ask_for_features(Victim& victim, std::uint64_t features) {
    const Device& device = victim.device();
    device.reset();
    device.set_status(virtio::kAcknowledge | virtio::kDriver);
    device.accept_features(features);
    device.add_status(virtio::kFeaturesOk);
    expect_of_the_strict("FEATURES_OK is refused", (device.status() & virtio::kFeaturesOk) == 0);
}

void write_status_words(Victim& victim) {
    const Device& device = victim.device();
    std::uint32_t word = 0x2545f491;
    for (unsigned i = 0; i < 200; ++i) {
        word ^= word << 13;
        word ^= word >> 17;
        word ^= word << 5;
        device.write(virtio::kStatus, i % 3 == 0 ? word : word & 0xff);
        notify(victim);
    }
}

void start_backwards(Victim& victim) {
    const Device& device = victim.device();
    device.reset();
    device.write(virtio::kStatus, virtio::kDriverOk);
    device.write(virtio::kQueueReady, 1);
    notify(victim);
    device.add_status(virtio::kFeaturesOk);
    device.add_status(virtio::kDriver);
    device.add_status(virtio::kAcknowledge);
    offer_good_chain(victim);
}

void reset_over_and_over(Victim& victim) {
    for (unsigned i = 0; i < 30; ++i) {
        offer_good_chain(victim);
        victim.device().write(virtio::kStatus, 0);
    }
}

void reset_queue_oddly(Victim& victim) {
    const Device& device = victim.device();
    device.write(virtio::kQueueSel, victim.queue_index());
    for (const std::uint32_t value : {1u, 1u, 2u, 0xffffffffu, 0u}) {
        offer_good_chain(victim);
        device.write(virtio::kQueueReset, value);
        device.write(virtio::kQueueReady, 1);
        notify(victim);
    }
}

constexpr Case kCases[] = {
    {"every register read at every width and offset", Outcome::kUsed, nullptr, read_all_ways},
    {"every register written at every width and offset", Outcome::kAnything, nullptr,
     write_all_ways},
    {"configuration written everywhere", Outcome::kUsed, nullptr, write_configuration},
    {"queues that do not exist", Outcome::kUsed, nullptr, select_far_queues},
    {"features that were not offered", Outcome::kQuiet, nullptr,
     [](Victim& v) { ask_for_features(v, ~std::uint64_t{0}); }},
    {"features without VERSION_1", Outcome::kQuiet, nullptr,
     [](Victim& v) { ask_for_features(v, virtio::kFeatureEventIdx); }},
    {"features changed after FEATURES_OK", Outcome::kUsed, nullptr,
     [](Victim& v) {
         v.device().accept_features(~std::uint64_t{0});
         offer_good_chain(v);
     }},
    {"two hundred odd status words", Outcome::kAnything, nullptr, write_status_words},
    {"status bits from the last to the first", Outcome::kAnything, nullptr, start_backwards},
    {"status bits taken back", Outcome::kAnything, nullptr,
     [](Victim& v) {
         v.device().set_status(virtio::kAcknowledge);
         offer_good_chain(v);
     }},
    {"FAILED, and going on", Outcome::kAnything, nullptr,
     [](Victim& v) {
         v.device().add_status(virtio::kFailed);
         offer_good_chain(v);
     }},
    {"DEVICE_NEEDS_RESET from the driver", Outcome::kAnything, nullptr,
     [](Victim& v) {
         v.device().add_status(virtio::kDeviceNeedsReset);
         offer_good_chain(v);
     }},
    {"ready before FEATURES_OK", Outcome::kAnything, nullptr,
     [](Victim& v) {
         v.device().reset();
         v.device().write(virtio::kQueueReady, 1);
         offer_good_chain(v);
     }},
    {"resets with a request in flight", Outcome::kAnything, nullptr, reset_over_and_over},
    {"queue resets at odd moments", Outcome::kAnything, nullptr, reset_queue_oddly},
    {"a queue reset that was not negotiated", Outcome::kAnything, nullptr, reset_queue_oddly, 0},
    {"interrupts acknowledged that never came", Outcome::kUsed, nullptr,
     [](Victim& v) {
         v.device().write(virtio::kInterruptAck, 0xffffffff);
         offer_good_chain(v);
     }},
};

}  // namespace

Cases register_cases() {
    return kCases;
}

}  // namespace payload::malicious
