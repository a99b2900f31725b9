// SPDX-License-Identifier: Apache-2.0
// Chains of descriptors that break VIRTIO 1.2, 2.7.5, or look as if they did.
#include "runtime/page_pool.h"
#include "virtio_malicious/case.h"

namespace payload::malicious {
namespace {

using virtio::kNext;
using virtio::kWrite;

void set_address(const Victim& victim, std::uint64_t address) {
    victim.ring().descriptors[1].address = address;
}
void set_length(const Victim& victim, std::uint32_t length) {
    victim.ring().descriptors[1].length = length;
}
void set_next(const Victim& victim, std::uint16_t index, std::uint16_t next) {
    victim.ring().descriptors[index].flags = victim.ring().descriptors[index].flags | kNext;
    victim.ring().descriptors[index].next = next;
}

/// As many descriptors in a row as there are, the last one leading to `last_next`.
void link_all(const Victim& victim, std::uint64_t address, std::uint32_t length) {
    const std::uint16_t size = victim.ring().size;
    for (std::uint16_t i = 1; i < size; ++i) {
        const bool is_last = i + 1 == size;
        victim.ring().set_descriptor(
            i, {address, length, static_cast<std::uint16_t>(kWrite | (is_last ? 0 : kNext)),
                static_cast<std::uint16_t>(is_last ? 0 : i + 1)});
    }
}

/// Lengths that are each inside RAM and together more than 4 GiB; the device may write there.
void link_five_gibibytes(const Victim& victim) {
    const std::uint64_t length = (5ull << 30) / (victim.ring().size - 1u) / kPageSize * kPageSize;
    static std::uint64_t address = allocate_pages(length / kPageSize);
    link_all(victim, address != 0 ? address : pool_end(), static_cast<std::uint32_t>(length));
}

constexpr std::uint64_t kRomArea = 0xf0000;
constexpr std::uint64_t kHole = 0xc8000000;

constexpr Outcome kBroken = Outcome::kNeedsReset;

constexpr Case kCases[] = {
    {"good chain", Outcome::kUsed, [](const Victim&) {}},
    {"loop of three", kBroken, [](const Victim& v) { set_next(v, 2, 0); }},
    {"loop of one", kBroken, [](const Victim& v) { set_next(v, 0, 0); }},
    {"loop of all", kBroken,
     [](const Victim& v) {
         link_all(v, v.data(), 16);
         set_next(v, static_cast<std::uint16_t>(v.ring().size - 1), 1);
     }},
    {"next is the size", kBroken, [](const Victim& v) { set_next(v, 1, v.ring().size); }},
    {"next is 0xffff", kBroken, [](const Victim& v) { set_next(v, 1, 0xffff); }},
    {"address behind RAM", kBroken, [](const Victim& v) { set_address(v, pool_end()); }},
    {"address across the end of RAM", kBroken,
     [](const Victim& v) { set_address(v, pool_end() - 16); }},
    {"address wraps around", kBroken,
     [](const Victim& v) { set_address(v, ~std::uint64_t{0} - 15); }},
    {"address and length wrap to RAM", kBroken,
     [](const Victim& v) { set_address(v, ~std::uint64_t{0} - 4095 + 64); }},
    {"address at 2^52", kBroken, [](const Victim& v) { set_address(v, 1ull << 52); }},
    {"address in the hole", kBroken, [](const Victim& v) { set_address(v, kHole); }},
    {"address of its own registers", kBroken,
     [](const Victim& v) { set_address(v, v.device().window().address); }},
    {"address in the ROM area", Outcome::kAnything,
     [](const Victim& v) { set_address(v, kRomArea); }},
    {"address of the ring itself", Outcome::kAnything,
     [](const Victim& v) { set_address(v, reinterpret_cast<std::uint64_t>(v.ring().used)); }},
    {"length 0xffffffff", kBroken, [](const Victim& v) { set_length(v, 0xffffffff); }},
    {"length 0x80000000", kBroken, [](const Victim& v) { set_length(v, 0x80000000); }},
    {"more than 4 GiB in all", kBroken, link_five_gibibytes},
    {"length 0 of the first", Outcome::kAnything,
     [](const Victim& v) { v.ring().descriptors[0].length = 0; }},
    {"length 0 of the middle", Outcome::kAnything, [](const Victim& v) { set_length(v, 0); }},
    {"length 0 of the last", Outcome::kAnything,
     [](const Victim& v) { v.ring().descriptors[2].length = 0; }},
    {"length 0 of all", Outcome::kAnything,
     [](const Victim& v) {
         for (unsigned i = 0; i < Victim::kChainLength; ++i) {
             v.ring().descriptors[i].length = 0;
         }
     }},
    {"length 777", Outcome::kAnything, [](const Victim& v) { set_length(v, 777); }},
    {"readable after writable", kBroken,
     [](const Victim& v) {
         v.ring().descriptors[1].flags = kNext | kWrite;
         v.ring().descriptors[2].flags = 0;
     }},
    {"all readable", Outcome::kAnything,
     [](const Victim& v) {
         v.ring().descriptors[0].flags = kNext;
         v.ring().descriptors[1].flags = kNext;
         v.ring().descriptors[2].flags = 0;
     }},
    {"all writable", Outcome::kAnything,
     [](const Victim& v) { v.ring().descriptors[0].flags = kNext | kWrite; }},
    {"a chain of one", Outcome::kAnything,
     [](const Victim& v) {
         v.ring().descriptors[0].flags = v.ring().descriptors[0].flags & ~std::uint16_t{kNext};
     }},
    {"a chain of all descriptors", Outcome::kAnything,
     [](const Victim& v) { link_all(v, v.data(), 1); }},
    {"unknown flags", Outcome::kAnything,
     [](const Victim& v) {
         v.ring().descriptors[1].flags = v.ring().descriptors[1].flags | std::uint16_t{0xfff8};
     }},
    {"an unknown type, a wild sector", Outcome::kUsed,
     [](const Victim& v) {
         store<std::uint32_t>(v.header(), 0xffffffff);
         store<std::uint64_t>(v.header() + 8, ~std::uint64_t{0});
     }},
    {"a read at a sector that wraps", Outcome::kUsed,
     [](const Victim& v) { store<std::uint64_t>(v.header() + 8, ~std::uint64_t{0} / 512); }},
    {"a write at a sector that wraps", Outcome::kUsed,
     [](const Victim& v) {
         store<std::uint32_t>(v.header(), virtio::block::kOut);
         store<std::uint64_t>(v.header() + 8, ~std::uint64_t{0} - 1);
     }},
};

}  // namespace

Cases chain_cases() {
    return kCases;
}

}  // namespace payload::malicious
