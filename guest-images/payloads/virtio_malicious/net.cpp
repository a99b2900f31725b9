// SPDX-License-Identifier: Apache-2.0
// What only a network device can be given: headers that lie about their frame
// (VIRTIO 1.2, 5.1.6.2), receive buffers that are none (5.1.6.3), and commands without sense
// (5.1.6.5).
#include <initializer_list>

#include "runtime/page_pool.h"
#include "runtime/patience.h"
#include "virtio/net_registers.h"
#include "virtio_malicious/case.h"
#include "virtio_net_bench/frames.h"

namespace payload::malicious {
namespace {

using virtio::kNext;
using virtio::kWrite;
using virtio::Queue;
using virtio::Ring;
using virtio::net::Header;

constexpr Outcome kBroken = Outcome::kNeedsReset;
constexpr std::uint64_t kAll =
    Victim::kFeatures | virtio::net::kCsum | virtio::net::kGuestCsum | virtio::net::kHostTso4 |
    virtio::net::kGuestTso4 | virtio::net::kMergeableBuffers | virtio::net::kCtrlQueue |
    virtio::net::kCtrlRx | virtio::net::kCtrlVlan | virtio::net::kCtrlMacAddress |
    virtio::net::kCtrlGuestOffloads | virtio::net::kMultiQueue;
constexpr std::uint64_t kSettleCycles = 12'000'000;
constexpr std::uint64_t kMiB = 1 << 20;

Queue receive;
Queue control;

// ---- Sending ----

void set_header(const Victim& victim, const Header& header) {
    memcpy(reinterpret_cast<void*>(victim.header()), &header, sizeof header);
}

/// The chain becomes one buffer of `length` bytes, header and all.
void send_only(const Victim& victim, std::uint32_t length) {
    victim.ring().descriptors[0].length = length;
    victim.ring().descriptors[0].flags = 0;
}

/// So many bytes of memory, whatever is in them, are behind the frame's beginning.
void make_large(const Victim& victim, std::uint32_t length) {
    victim.ring().descriptors[1].flags = kNext;
    victim.ring().descriptors[1].length = length;
}

/// The first bytes of the victim's frame, a byte a descriptor.
void cut_up(const Victim& victim) {
    const std::uint16_t size = victim.ring().size;
    for (std::uint16_t i = 0; i < size; ++i) {
        const bool is_last = i + 1 == size;
        victim.ring().set_descriptor(
            i, {victim.header() + i % 64, 1, is_last ? std::uint16_t{0} : kNext,
                static_cast<std::uint16_t>(is_last ? 0 : i + 1)});
    }
}

void offer_good_chain(Victim& victim) {
    victim.write_good_chain();
    offer(victim, 0, victim.ring().available_idx());
    notify(victim);
}

/// A ping, which the host answers where it has the address that the test gives it.
void offer_ping(Victim& victim) {
    const bench::Ping ping(reinterpret_cast<std::uint8_t*>(victim.header()));
    ping.prepare();
    ping.set_number(1);
    victim.ring().set_descriptor(0,
                                 {victim.header(), bench::kNetHeaderSize + bench::kPingSize, 0, 0});
    offer(victim, 0, victim.ring().available_idx());
    notify(victim);
}

void wait_a_little() {
    wait_until([] { return false; }, kSettleCycles / 4);
}

// ---- Receiving ----

void offer_on(const Victim& victim, const Queue& queue, std::uint16_t head) {
    const Ring& ring = queue.ring();
    const std::uint16_t idx = ring.available_idx();
    ring.available_entry(idx) = head;
    __atomic_store_n(&ring.available_idx(), static_cast<std::uint16_t>(idx + 1), __ATOMIC_RELEASE);
    victim.device().write(virtio::kQueueNotify, queue.index());
}

bool start_receiving(const Victim& victim) {
    return receive.set_up(victim.device(), 0, Ring::kMaxSize);
}

/// One buffer, then a ping whose reply comes for it.
void receive_in(Victim& victim, std::uint64_t address, std::uint32_t length,
                std::uint16_t flags = kWrite) {
    if (start_receiving(victim)) {
        receive.ring().set_descriptor(0, {address, length, flags, 0});
        offer_on(victim, receive, 0);
        offer_ping(victim);
        wait_a_little();
    }
}

/// The same with a buffer that the device must not accept, which it sees when the reply comes.
void receive_in_a_wrong_one(Victim& victim, std::uint64_t address, std::uint32_t length,
                            std::uint16_t flags = kWrite) {
    receive_in(victim, address, length, flags);
    wait_until([&] { return (victim.device().status() & virtio::kDeviceNeedsReset) != 0; },
               kPatienceCycles);
}

void receive_in_pieces(Victim& victim) {
    if (!start_receiving(victim)) {
        return;
    }
    const std::uint16_t size = receive.ring().size;
    for (std::uint16_t i = 0; i < size; ++i) {
        const bool is_last = i + 1 == size;
        receive.ring().set_descriptor(
            i, {victim.data() + i, 1, static_cast<std::uint16_t>(kWrite | (is_last ? 0 : kNext)),
                static_cast<std::uint16_t>(is_last ? 0 : i + 1)});
    }
    offer_on(victim, receive, 0);
    offer_ping(victim);
    wait_a_little();
}

void receive_in_one_buffer_many_times(Victim& victim) {
    if (!start_receiving(victim)) {
        return;
    }
    receive.ring().set_descriptor(0, {victim.data(), 2048, kWrite, 0});
    for (std::uint16_t i = 0; i < receive.ring().size; ++i) {
        offer_on(victim, receive, 0);
    }
    for (unsigned i = 0; i < 16; ++i) {
        offer_ping(victim);
    }
    wait_a_little();
}

void reset_the_receive_queue(Victim& victim) {
    for (unsigned i = 0; i < 20; ++i) {
        receive_in(victim, victim.data(), 2048);
        offer_ping(victim);
        receive.reset();
    }
}

// ---- Commands ----

bool start_control(const Victim& victim) {
    const unsigned index =
        victim.device().has(virtio::net::kMultiQueue)
            ? 2u * victim.device().config<std::uint16_t>(virtio::net::config::kMaxQueuePairs)
            : 2u;
    return control.set_up(victim.device(), static_cast<std::uint16_t>(index), 64);
}

/// `size` bytes from the data page on, then `room` bytes for the answer; waits until it is used, or
/// the device has had enough.
void command(const Victim& victim, std::uint32_t size, std::uint32_t room = 1) {
    const std::uint16_t seen = control.ring().used_idx();
    control.ring().set_descriptor(0,
                                  {victim.data(), size, room != 0 ? kNext : std::uint16_t{0}, 1});
    control.ring().set_descriptor(1, {victim.scratch(), room, kWrite, 0});
    offer_on(victim, control, 0);
    wait_until(
        [&] {
            return control.ring().used_idx() != seen ||
                   (victim.device().status() & virtio::kDeviceNeedsReset) != 0;
        },
        kPatienceCycles);
}

void write_command(const Victim& victim, std::uint8_t command_class, std::uint8_t number,
                   std::uint8_t filling) {
    memset(reinterpret_cast<void*>(victim.data()), filling, 256);
    store<std::uint8_t>(victim.data(), command_class);
    store<std::uint8_t>(victim.data() + 1, number);
}

/// Every class and command that there is, and some more, with so much data; then a good frame.
void command_everything(Victim& victim, std::uint32_t size) {
    if (!start_control(victim)) {
        return;
    }
    for (unsigned kind = 0; kind < 8; ++kind) {
        for (unsigned number = 0; number < 3; ++number) {
            write_command(victim, static_cast<std::uint8_t>(kind),
                          static_cast<std::uint8_t>(number), 0xff);
            command(victim, 2 + size);
        }
    }
    offer_good_chain(victim);
}

void command_once(Victim& victim, std::uint32_t size, std::uint32_t room) {
    if (start_control(victim)) {
        write_command(victim, virtio::net::kClassRx, 0, 1);
        command(victim, size, room);
        offer_good_chain(victim);
    }
}

void set_pairs(const Victim& victim, std::uint16_t pairs) {
    write_command(victim, virtio::net::kClassQueues, virtio::net::kSetQueuePairs, 0);
    store<std::uint16_t>(victim.data() + 2, pairs);
    command(victim, 4);
}

void change_pairs_under_traffic(Victim& victim) {
    if (!start_control(victim)) {
        return;
    }
    for (unsigned i = 0; i < 40; ++i) {
        offer_good_chain(victim);
        set_pairs(victim, static_cast<std::uint16_t>(1 + i % 2));
    }
    set_pairs(victim, 1);
}

void add_many_vlans(Victim& victim) {
    if (!start_control(victim)) {
        return;
    }
    for (unsigned i = 0; i < 64; ++i) {
        write_command(victim, virtio::net::kClassVlan, 0, 0);
        store<std::uint16_t>(victim.data() + 2, static_cast<std::uint16_t>(i * 1024));
        command(victim, 4);
    }
    offer_good_chain(victim);
}

constexpr Case kCases[] = {
    {"header: all ones", Outcome::kUsed,
     [](const Victim& v) {
         set_header(v, {0xff, 0xff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff});
     }},
    {"header: checksum far behind the frame", Outcome::kUsed,
     [](const Victim& v) {
         set_header(v, {.flags = virtio::net::kNeedsCsum, .csum_start = 0xffff});
     }},
    {"header: checksum at the frame's last byte", Outcome::kUsed,
     [](const Victim& v) {
         set_header(v, {.flags = virtio::net::kNeedsCsum, .csum_start = 51, .csum_offset = 0});
     }},
    {"header: checksum offset wraps", Outcome::kUsed,
     [](const Victim& v) {
         set_header(v, {.flags = virtio::net::kNeedsCsum, .csum_start = 14, .csum_offset = 0xfffe});
     }},
    {"header: an unknown segmentation", Outcome::kUsed,
     [](const Victim& v) { set_header(v, {.gso_type = 0x7f, .gso_size = 1448}); }},
    {"header: segments of 0 bytes", Outcome::kUsed,
     [](const Victim& v) {
         set_header(v, {.flags = virtio::net::kNeedsCsum,
                        .gso_type = virtio::net::kGsoTcp4,
                        .hdr_len = 54,
                        .gso_size = 0,
                        .csum_start = 34,
                        .csum_offset = 16});
         make_large(v, 32768);
     }},
    {"header: segments of 1 byte", Outcome::kUsed,
     [](const Victim& v) {
         set_header(v, {.flags = virtio::net::kNeedsCsum,
                        .gso_type = virtio::net::kGsoTcp4,
                        .hdr_len = 54,
                        .gso_size = 1,
                        .csum_start = 34,
                        .csum_offset = 16});
         make_large(v, 32768);
     }},
    {"header: longer headers than the frame", Outcome::kUsed,
     [](const Victim& v) {
         set_header(v, {.flags = virtio::net::kNeedsCsum,
                        .gso_type = virtio::net::kGsoTcp4,
                        .hdr_len = 0xffff,
                        .gso_size = 1448,
                        .csum_start = 34,
                        .csum_offset = 16});
     }},
    {"header: 11 bytes of it", kBroken, [](const Victim& v) { send_only(v, 11); }},
    {"header: no frame behind it", Outcome::kUsed, [](const Victim& v) { send_only(v, 12); }},
    {"frame of 1 byte", Outcome::kUsed, [](const Victim& v) { send_only(v, 13); }},
    {"frame of an Ethernet header", Outcome::kUsed, [](const Victim& v) { send_only(v, 26); }},
    {"frame of 64 KiB that is not to be cut", Outcome::kUsed,
     [](const Victim& v) { make_large(v, 65000); }},
    {"frame of a little more than the largest", Outcome::kUsed,
     [](const Victim& v) { make_large(v, 65553 - 52 + 1); }},
    {"frame of 16 MiB", Outcome::kUsed, [](const Victim& v) { make_large(v, 16 * kMiB); }},
    {"frame of 256 pieces", Outcome::kUsed, cut_up},

    {"receive: a buffer of 11 bytes", kBroken, nullptr,
     [](Victim& v) { receive_in_a_wrong_one(v, v.data(), 11); }},
    {"receive: a buffer that may not be written", kBroken, nullptr,
     [](Victim& v) { receive_in_a_wrong_one(v, v.data(), 2048, 0); }},
    {"receive: a buffer behind RAM", kBroken, nullptr,
     [](Victim& v) { receive_in_a_wrong_one(v, pool_end(), 2048); }},
    {"receive: a buffer across the end of RAM", kBroken, nullptr,
     [](Victim& v) { receive_in_a_wrong_one(v, pool_end() - 64, 2048); }},
    {"receive: a buffer of 16 MiB", Outcome::kUsed, nullptr,
     [](Victim& v) { receive_in(v, pool_end() - 16 * kMiB, 16 * kMiB); }},
    {"receive: a buffer that is too small for the frame", Outcome::kUsed, nullptr,
     [](Victim& v) { receive_in(v, v.data(), 12); }, kAll},
    {"receive: one that is too small, and none to merge", Outcome::kUsed, nullptr,
     [](Victim& v) { receive_in(v, v.data(), 12); }},
    {"receive: 256 pieces of a byte", Outcome::kUsed, nullptr, receive_in_pieces, kAll},
    {"receive: over the frame that is sent", Outcome::kUsed, nullptr,
     [](Victim& v) { receive_in(v, v.header(), 2048); }},
    {"receive: over the ring itself", Outcome::kAnything, nullptr,
     [](Victim& v) { receive_in(v, reinterpret_cast<std::uint64_t>(receive.ring().used), 2048); }},
    {"receive: over its own descriptors", Outcome::kAnything, nullptr,
     [](Victim& v) {
         receive_in(v, reinterpret_cast<std::uint64_t>(receive.ring().descriptors), 2048);
     }},
    {"receive: one buffer as often as there is room", Outcome::kUsed, nullptr,
     receive_in_one_buffer_many_times, kAll},
    {"receive: resets of the queue while replies come", Outcome::kUsed, nullptr,
     reset_the_receive_queue},

    {"control: every command without data", Outcome::kUsed, nullptr,
     [](Victim& v) { command_everything(v, 0); }, kAll},
    {"control: every command with a byte", Outcome::kUsed, nullptr,
     [](Victim& v) { command_everything(v, 1); }, kAll},
    {"control: every command with two bytes", Outcome::kUsed, nullptr,
     [](Victim& v) { command_everything(v, 2); }, kAll},
    {"control: every command with a page of ones", Outcome::kUsed, nullptr,
     [](Victim& v) { command_everything(v, 4000); }, kAll},
    {"control: a command of 16 MiB", Outcome::kUsed, nullptr,
     [](Victim& v) { command_once(v, 16 * kMiB, 1); }, kAll},
    {"control: a command of a byte", Outcome::kUsed, nullptr,
     [](Victim& v) { command_once(v, 1, 1); }, kAll},
    {"control: no room for the answer", kBroken, nullptr, [](Victim& v) { command_once(v, 3, 0); },
     kAll},
    {"control: a page for the answer", Outcome::kUsed, nullptr,
     [](Victim& v) { command_once(v, 3, 4096); }, kAll},
    {"control: queue pairs that there are not", Outcome::kUsed, nullptr,
     [](Victim& v) {
         if (start_control(v)) {
             for (const unsigned pairs : {0u, 3u, 17u, 0x8000u, 0xffffu}) {
                 set_pairs(v, static_cast<std::uint16_t>(pairs));
             }
             offer_good_chain(v);
         }
     },
     kAll},
    {"control: queue pairs changed under traffic", Outcome::kUsed, nullptr,
     change_pairs_under_traffic, kAll},
    {"control: many VLANs", Outcome::kUsed, nullptr, add_many_vlans, kAll},
};

}  // namespace

Cases net_cases() {
    return kCases;
}

}  // namespace payload::malicious
