// SPDX-License-Identifier: Apache-2.0
// What only a socket device can be given: packets that lie (VIRTIO 1.2, 5.10.6), and more of them
// than it can answer where there is no buffer for an answer.
#include "virtio/vsock_registers.h"
#include "virtio_malicious/case.h"

namespace payload::malicious {
namespace {

using namespace virtio::vsock;

Header& packet(const Victim& victim) {
    return *reinterpret_cast<Header*>(victim.header());
}

/// The packet becomes a chain of its own, of `length` bytes.
void send_only(const Victim& victim, std::uint32_t length) {
    victim.ring().descriptors[0].length = length;
    victim.ring().descriptors[0].flags = 0;
}

/// As often as the ring is long, each for another stream.
void flood(Victim& victim, std::uint16_t op) {
    const virtio::Ring& ring = victim.ring();
    victim.write_good_chain();
    const Header model = packet(victim);
    for (std::uint16_t i = 0; i < ring.size; ++i) {
        const std::uint64_t at = victim.data() + (i % 64) * sizeof(Header);
        Header& header = *reinterpret_cast<Header*>(at);
        header = model;
        header.op = op;
        header.src_port = i % 64;
        ring.set_descriptor(i, {at, sizeof(Header), 0, 0});
        ring.available_entry(i) = i;
    }
    __atomic_store_n(&ring.available_idx(), ring.size, __ATOMIC_RELEASE);
    notify(victim);
}

constexpr Outcome kUsed = Outcome::kUsed;
constexpr Outcome kBroken = Outcome::kNeedsReset;

constexpr Case kCases[] = {
    {"packet: of another guest", kUsed, [](const Victim& v) { packet(v).src_cid = 9; }},
    {"packet: to another guest", kUsed,
     [](const Victim& v) {
         packet(v).dst_cid = 9;
         packet(v).op = kRequest;
     }},
    {"packet: of the reserved bits", kUsed,
     [](const Victim& v) { packet(v).src_cid |= 0x8000'0000'0000'0000; }},
    {"packet: of no type", kUsed,
     [](const Victim& v) {
         packet(v).type = 0xffff;
         packet(v).op = kRequest;
     }},
    {"packet: operation 0", kUsed, [](const Victim& v) { packet(v).op = 0; }},
    {"packet: operation 0xffff", kUsed, [](const Victim& v) { packet(v).op = 0xffff; }},
    {"packet: data of no stream, more than there is", kUsed,
     [](const Victim& v) {
         packet(v).op = kRw;
         packet(v).len = 0xffff'ffff;
     }},
    {"packet: the end of no stream", kUsed,
     [](const Victim& v) {
         packet(v).op = kShutdown;
         packet(v).flags = 0xffff'ffff;
     }},
    {"packet: an answer to no question", kUsed, [](const Victim& v) { packet(v).op = kResponse; }},
    {"packet: a byte less than a header", kBroken,
     [](const Victim& v) { send_only(v, sizeof(Header) - 1); }},
    {"packet: of one byte", kBroken, [](const Victim& v) { send_only(v, 1); }},
    {"flood: of connections", kUsed, nullptr, [](Victim& v) { flood(v, kRequest); }},
    {"flood: of data without streams", kUsed, nullptr, [](Victim& v) { flood(v, kRw); }},
};

}  // namespace

Cases socket_cases() {
    return kCases;
}

}  // namespace payload::malicious
