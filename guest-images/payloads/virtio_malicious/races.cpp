// SPDX-License-Identifier: Apache-2.0
// A second processor rewrites descriptors, rings and tables at native speed (CPL 3) while the first
// one submits: what the device has checked must be what it then uses.
#include "virtio_malicious/races.h"
#include "runtime/multiprocessor.h"
#include "runtime/page_pool.h"
#include "runtime/processor.h"
#include "runtime/user_mode.h"
#include "virtio_malicious/case.h"

namespace payload::malicious {
namespace {

using virtio::kIndirect;
using virtio::kNext;
using virtio::kWrite;

constexpr unsigned kSecondProcessor = 1;
constexpr std::uint64_t kRaceCycles = 60'000'000;

/// What the second processor works on; it ends when `stop` is set.
struct Race {
    const Victim* victim = nullptr;
    void (*rewrite)(const Victim& victim, std::uint32_t random) = nullptr;
    volatile bool stop = false;
    volatile bool is_running = false;
};
Race race;
bool second_processor = false;

std::uint64_t rewrite_until_stopped(std::uint64_t) {
    std::uint32_t random = 0x9e3779b9;
    race.is_running = true;
    while (!race.stop) {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        race.rewrite(*race.victim, random);
    }
    return 0;
}

void run_second_processor(std::uint32_t) {
    user_mode::set_up(kSecondProcessor);
    user_mode::run(kSecondProcessor, rewrite_until_stopped, 0);
}

/// The first processor's part, at CPL 3 as well: good chains, as fast as it can.
std::uint64_t submit_for_a_while(std::uint64_t argument) {
    auto& victim = *reinterpret_cast<Victim*>(argument);
    const std::uint64_t begin = read_tsc();
    std::uint16_t idx = 0;
    while (read_tsc() - begin < kRaceCycles) {
        victim.write_good_chain();
        // No more ahead of the device than the ring has room.
        if (static_cast<std::uint16_t>(idx - victim.ring().used_idx()) < victim.ring().size / 2) {
            offer(victim, 0, idx++);
            if (idx % 8 == 0) {
                notify(victim);
            }
        }
    }
    return idx;
}

void run_race(Victim& victim, void (*rewrite)(const Victim&, std::uint32_t)) {
    if (!second_processor) {
        return;
    }
    race.victim = &victim;
    race.rewrite = rewrite;
    race.stop = false;
    race.is_running = false;
    const std::uint32_t done = application_processors_done();
    start_application_processors(run_second_processor);
    while (!race.is_running) {
        relax();
    }
    user_mode::run(0, submit_for_a_while, reinterpret_cast<std::uint64_t>(&victim));
    race.stop = true;
    wait_for_application_processors(done + 1);
}

/// Between two good buffers and two lengths: the ring stays in order, whatever is seen of it.
void rewrite_to_good(const Victim& victim, std::uint32_t random) {
    volatile virtio::Descriptor& descriptor = victim.ring().descriptors[1];
    descriptor.address = victim.data() + (random & 0x3ff0);
    descriptor.length = ((random >> 14 & 7) + 1) * 512;
}

void rewrite_addresses(const Victim& victim, std::uint32_t random) {
    const std::uint64_t addresses[] = {victim.data(), pool_end() - 16, ~std::uint64_t{0} - 15,
                                       victim.device().window().address};
    victim.ring().descriptors[random % 3].address = addresses[random >> 8 & 3];
}

void rewrite_lengths(const Victim& victim, std::uint32_t random) {
    victim.ring().descriptors[random % 3].length = random >> (random & 31);
}

void rewrite_links(const Victim& victim, std::uint32_t random) {
    volatile virtio::Descriptor& descriptor = victim.ring().descriptors[random % 3];
    descriptor.flags = static_cast<std::uint16_t>(random >> 8 & (kNext | kWrite | kIndirect));
    descriptor.next = static_cast<std::uint16_t>(random >> 16 & 3);
}

void rewrite_requests(const Victim& victim, std::uint32_t random) {
    // A read, a flush, an identity, a discard or nothing that is known; never a write.
    const std::uint32_t types[] = {virtio::block::kIn, virtio::block::kFlushCache,
                                   virtio::block::kGetId, 0x7fffffff};
    store<std::uint32_t>(victim.header(), types[random & 3]);
    store<std::uint64_t>(victim.header() + 8, random >> 4 & 0xff);
}

void rewrite_tables(const Victim& victim, std::uint32_t random) {
    const virtio::Ring table = {
        .descriptors = reinterpret_cast<volatile virtio::Descriptor*>(victim.scratch())};
    const unsigned flags = random >> 4 & (kNext | kWrite | (random & 0x100 ? kIndirect : 0u));
    table.set_descriptor(static_cast<std::uint16_t>(random % 4),
                         {victim.data(), random >> 20, static_cast<std::uint16_t>(flags),
                          static_cast<std::uint16_t>(random >> 12 & 3)});
    victim.ring().set_descriptor(0, {victim.scratch(), 64, kIndirect, 0});
}

void rewrite_the_available_ring(const Victim& victim, std::uint32_t random) {
    victim.ring().available_entry(static_cast<std::uint16_t>(random)) =
        static_cast<std::uint16_t>(random >> 16 & 0x1ff);
    if ((random & 0xff000000) == 0) {
        victim.ring().available_idx() = static_cast<std::uint16_t>(random);
    }
    victim.ring().used_event() = static_cast<std::uint16_t>(random >> 8);
}

/// Reset and brought up again, all on the second processor, with the ring where it was.
void restart(const Victim& victim) {
    const virtio::Device& device = victim.device();
    device.write(virtio::kStatus, 0);
    device.set_status(virtio::kAcknowledge | virtio::kDriver);
    device.accept_features(virtio::kFeatureVersion1 | virtio::kFeatureRingReset);
    device.add_status(virtio::kFeaturesOk);
    device.write(virtio::kQueueSel, victim.queue_index());
    device.write(virtio::kQueueSize, victim.ring().size);
    device.write_pair(virtio::kQueueDescLow,
                      reinterpret_cast<std::uint64_t>(victim.ring().descriptors));
    device.write_pair(virtio::kQueueDriverLow,
                      reinterpret_cast<std::uint64_t>(victim.ring().available));
    device.write_pair(virtio::kQueueDeviceLow, reinterpret_cast<std::uint64_t>(victim.ring().used));
    device.write(virtio::kQueueReady, 1);
    device.set_driver_ok();
}

/// Resets of the device and of the queue while the first processor submits and notifies.
void rewrite_registers(const Victim& victim, std::uint32_t random) {
    switch (random & 3) {
        case 0:
            return restart(victim);
        case 1:
            return victim.device().write(virtio::kQueueReset, 1);
        case 2:
            return victim.device().write(virtio::kQueueReady, random >> 8 & 1);
        default:
            return notify(victim);
    }
}

constexpr Case kCases[] = {
    {"race for good buffers", Outcome::kUsed, nullptr,
     [](Victim& v) { run_race(v, rewrite_to_good); }},
    {"race for requests", Outcome::kUsed, nullptr,
     [](Victim& v) { run_race(v, rewrite_requests); }},
    {"race for addresses", Outcome::kAnything, nullptr,
     [](Victim& v) { run_race(v, rewrite_addresses); }},
    {"race for lengths", Outcome::kAnything, nullptr,
     [](Victim& v) { run_race(v, rewrite_lengths); }},
    {"race for links", Outcome::kAnything, nullptr, [](Victim& v) { run_race(v, rewrite_links); }},
    {"race for indirect tables", Outcome::kAnything, nullptr,
     [](Victim& v) { run_race(v, rewrite_tables); }},
    {"race for the available ring", Outcome::kAnything, nullptr,
     [](Victim& v) { run_race(v, rewrite_the_available_ring); }},
    {"race for registers", Outcome::kAnything, nullptr,
     [](Victim& v) { run_race(v, rewrite_registers); }},
};

}  // namespace

void allow_races() {
    second_processor = true;
    user_mode::set_up(0);
}

Cases race_cases() {
    return second_processor ? Cases(kCases) : Cases();
}

}  // namespace payload::malicious
