// SPDX-License-Identifier: Apache-2.0
// Indices that jump, rings that lie where none can be, and queues that are changed while they work
// (VIRTIO 1.2, 2.7.6, 4.2.2.2 and 4.2.3.2).
#include <initializer_list>

#include "runtime/page_pool.h"
#include "virtio_malicious/case.h"

namespace payload::malicious {
namespace {

using virtio::Device;

constexpr Outcome kBroken = Outcome::kNeedsReset;

std::uint64_t address_of(const volatile void* pointer) {
    return reinterpret_cast<std::uint64_t>(pointer);
}

void offer_good_chain(Victim& victim) {
    victim.write_good_chain();
    offer(victim, 0);
    notify(victim);
}

/// In one step: a device that polls must not see the request by itself first.
void jump_to(Victim& victim, std::uint16_t idx) {
    victim.write_good_chain();
    victim.ring().available_entry(0) = 0;
    __atomic_store_n(&victim.ring().available_idx(), idx, __ATOMIC_RELEASE);
    notify(victim);
}

/// Resets the device and comes back to where the queue has no size and no addresses yet.
void start_over(const Victim& victim) {
    const Device& device = victim.device();
    device.reset();
    device.add_status(virtio::kAcknowledge);
    device.add_status(virtio::kDriver);
    device.accept_features(virtio::kFeatureVersion1);
    device.add_status(virtio::kFeaturesOk);
    device.write(virtio::kQueueSel, victim.queue_index());
}

/// A queue of its own making, made ready and used.
void use_queue(Victim& victim, std::uint32_t size, std::uint64_t descriptors,
               std::uint64_t available, std::uint64_t used) {
    const Device& device = victim.device();
    start_over(victim);
    victim.write_good_chain();
    offer(victim, 0);
    device.write(virtio::kQueueSize, size);
    device.write_pair(virtio::kQueueDescLow, descriptors);
    device.write_pair(virtio::kQueueDriverLow, available);
    device.write_pair(virtio::kQueueDeviceLow, used);
    device.write(virtio::kQueueReady, 1);
    device.set_driver_ok();
    notify(victim);
}

void use_size(Victim& victim, std::uint32_t size) {
    use_queue(victim, size, address_of(victim.ring().descriptors),
              address_of(victim.ring().available), address_of(victim.ring().used));
}
void use_descriptors_at(Victim& victim, std::uint64_t address) {
    use_queue(victim, 16, address, address_of(victim.ring().available),
              address_of(victim.ring().used));
}
void use_available_at(Victim& victim, std::uint64_t address) {
    use_queue(victim, 16, address_of(victim.ring().descriptors), address,
              address_of(victim.ring().used));
}
void use_used_at(Victim& victim, std::uint64_t address) {
    use_queue(victim, 16, address_of(victim.ring().descriptors),
              address_of(victim.ring().available), address);
}

/// Writes a register of the running queue, then uses the queue.
void change_live(Victim& victim, virtio::Register which, std::uint32_t value) {
    victim.device().write(virtio::kQueueSel, victim.queue_index());
    victim.device().write(which, value);
    offer_good_chain(victim);
}

constexpr Case kCases[] = {
    {"head is the size", kBroken, nullptr,
     [](Victim& v) {
         offer(v, v.ring().size);
         notify(v);
     }},
    {"head is 0xffff", kBroken, nullptr,
     [](Victim& v) {
         offer(v, 0xffff);
         notify(v);
     }},
    {"index jumps by size + 1", kBroken, nullptr,
     [](Victim& v) { jump_to(v, static_cast<std::uint16_t>(v.ring().size + 1)); }},
    {"index jumps by 0x8000", kBroken, nullptr, [](Victim& v) { jump_to(v, 0x8000); }},
    {"index goes back", kBroken, nullptr, [](Victim& v) { jump_to(v, 0xffff); }},
    {"index jumps by the size, every head 0", Outcome::kUsed, nullptr,
     [](Victim& v) { jump_to(v, v.ring().size); }},
    {"one head twice", Outcome::kUsed, nullptr,
     [](Victim& v) {
         v.write_good_chain();
         offer(v, 0, 0);
         offer(v, 0, 1);
         notify(v);
     }},
    {"a thousand notifications for nothing", Outcome::kQuiet, nullptr,
     [](Victim& v) {
         for (unsigned i = 0; i < 1000; ++i) {
             notify(v);
         }
     }},
    {"unknown flags in the available ring", Outcome::kUsed, nullptr,
     [](Victim& v) {
         v.ring().available_flags() = 0xffff;
         v.ring().used_event() = 0x1234;
         offer_good_chain(v);
     }},
    {"notifications of a broken ring", kBroken, nullptr,
     [](Victim& v) {
         for (unsigned i = 0; i < 300; ++i) {
             jump_to(v, static_cast<std::uint16_t>(0x4000 + i));
         }
     }},
    {"notify of another queue", Outcome::kAnything, nullptr,
     [](Victim& v) {
         v.write_good_chain();
         offer(v, 0);
         for (std::uint32_t queue : {1u, 2u, 0xffffu, 0x10000u, 0xffffffffu}) {
             v.device().write(virtio::kQueueNotify, queue);
         }
     }},

    {"queue of size 0", kBroken, nullptr, [](Victim& v) { use_size(v, 0); }},
    {"queue of size 3", kBroken, nullptr, [](Victim& v) { use_size(v, 3); }},
    {"queue of 65536", kBroken, nullptr, [](Victim& v) { use_size(v, 0x10000); }},
    {"queue of 0x80000000", kBroken, nullptr, [](Victim& v) { use_size(v, 0x80000000); }},
    {"queue above its maximum", kBroken, nullptr,
     [](Victim& v) { use_size(v, v.device().read(virtio::kQueueSizeMax) * 2); }},
    {"descriptors at an odd address", kBroken, nullptr,
     [](Victim& v) { use_descriptors_at(v, v.scratch() + 1); }},
    {"descriptors at a multiple of 8", kBroken, nullptr,
     [](Victim& v) { use_descriptors_at(v, v.scratch() + 8); }},
    {"available ring at an odd address", kBroken, nullptr,
     [](Victim& v) { use_available_at(v, v.scratch() + 1); }},
    {"used ring at a multiple of 2", kBroken, nullptr,
     [](Victim& v) { use_used_at(v, v.scratch() + 2); }},
    {"descriptors behind RAM", kBroken, nullptr,
     [](Victim& v) { use_descriptors_at(v, pool_end()); }},
    {"descriptors across the end of RAM", kBroken, nullptr,
     [](Victim& v) { use_descriptors_at(v, pool_end() - 16); }},
    {"descriptors that wrap around", kBroken, nullptr,
     [](Victim& v) { use_descriptors_at(v, ~std::uint64_t{0} - 15); }},
    {"available ring across the end of RAM", kBroken, nullptr,
     [](Victim& v) { use_available_at(v, pool_end() - 4); }},
    {"used ring across the end of RAM", kBroken, nullptr,
     [](Victim& v) { use_used_at(v, pool_end() - 8); }},
    {"used ring in its own registers", kBroken, nullptr,
     [](Victim& v) { use_used_at(v, v.device().window().address); }},
    {"available ring in its own registers", kBroken, nullptr,
     [](Victim& v) { use_available_at(v, v.device().window().address); }},
    {"all parts at one address", kBroken, nullptr,
     [](Victim& v) { use_queue(v, 16, v.scratch(), v.scratch(), v.scratch()); }},
    {"ready with no addresses", kBroken, nullptr,
     [](Victim& v) {
         start_over(v);
         v.device().write(virtio::kQueueReady, 1);
         v.device().set_driver_ok();
         notify(v);
     }},

    {"size changed while ready", Outcome::kUsed, nullptr,
     [](Victim& v) { change_live(v, virtio::kQueueSize, 8); }},
    {"size 0 while ready", Outcome::kUsed, nullptr,
     [](Victim& v) { change_live(v, virtio::kQueueSize, 0); }},
    {"descriptors moved while ready", Outcome::kUsed, nullptr,
     [](Victim& v) { change_live(v, virtio::kQueueDescHigh, 0xffffffff); }},
    {"available ring moved while ready", Outcome::kUsed, nullptr,
     [](Victim& v) { change_live(v, virtio::kQueueDriverHigh, 0xffffffff); }},
    {"used ring moved while ready", Outcome::kUsed, nullptr,
     [](Victim& v) { change_live(v, virtio::kQueueDeviceHigh, 0xffffffff); }},
    {"ready again while ready", Outcome::kUsed, nullptr,
     [](Victim& v) { change_live(v, virtio::kQueueReady, 1); }},
    {"ready cleared and notified", Outcome::kAnything, nullptr,
     [](Victim& v) { change_live(v, virtio::kQueueReady, 0); }},
    {"ready off and on with a request in flight", Outcome::kAnything, nullptr,
     [](Victim& v) {
         offer_good_chain(v);
         for (unsigned i = 0; i < 100; ++i) {
             v.device().write(virtio::kQueueReady, i & 1);
         }
         notify(v);
     }},
    {"ready with other bits", Outcome::kAnything, nullptr,
     [](Victim& v) { change_live(v, virtio::kQueueReady, 0xfffffffe); }},
};

}  // namespace

Cases ring_cases() {
    return kCases;
}

}  // namespace payload::malicious
