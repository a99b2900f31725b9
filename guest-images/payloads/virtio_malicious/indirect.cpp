// SPDX-License-Identifier: Apache-2.0
// Indirect tables that break VIRTIO 1.2, 2.7.5.3. A good one lies in the victim's scratch page.
#include "runtime/page_pool.h"
#include "virtio_malicious/case.h"

namespace payload::malicious {
namespace {

using virtio::Descriptor;
using virtio::kIndirect;
using virtio::kNext;
using virtio::kWrite;

constexpr std::uint32_t kTableLength = Victim::kChainLength * sizeof(Descriptor);
constexpr Outcome kBroken = Outcome::kNeedsReset;

/// The table in the scratch page as if it were a ring's descriptors.
virtio::Ring table_of(const Victim& victim) {
    return {.descriptors = reinterpret_cast<volatile Descriptor*>(victim.scratch())};
}

/// Moves the good chain to a table and lets descriptor 0 refer to that.
void use_table(const Victim& victim, std::uint64_t address, std::uint32_t length,
               std::uint16_t flags = kIndirect) {
    const virtio::Ring table = table_of(victim);
    for (std::uint16_t i = 0; i < Victim::kChainLength; ++i) {
        const volatile Descriptor& from = victim.ring().descriptors[i];
        table.set_descriptor(i, {from.address, from.length, from.flags, from.next});
    }
    victim.ring().set_descriptor(0, {address, length, flags, 1});
}

void use_table(const Victim& victim) {
    use_table(victim, victim.scratch(), kTableLength);
}
void use_table_of_length(const Victim& victim, std::uint32_t length) {
    use_table(victim, victim.scratch(), length);
}
void use_table_at(const Victim& victim, std::uint64_t address) {
    use_table(victim, address, kTableLength);
}

constexpr Case kCases[] = {
    {"a good indirect table", Outcome::kUsed, [](const Victim& v) { use_table(v); }},
    {"indirect table marked writable", Outcome::kUsed,
     [](const Victim& v) { use_table(v, v.scratch(), kTableLength, kIndirect | kWrite); }},
    {"indirect and next", kBroken,
     [](const Victim& v) { use_table(v, v.scratch(), kTableLength, kIndirect | kNext); }},
    {"nested indirect", kBroken,
     [](const Victim& v) {
         use_table(v);
         table_of(v).set_descriptor(1, {v.scratch(), kTableLength, kIndirect, 0});
     }},
    {"indirect table that is itself its only entry", kBroken,
     [](const Victim& v) {
         use_table(v, v.scratch(), sizeof(Descriptor));
         table_of(v).set_descriptor(0, {v.scratch(), sizeof(Descriptor), kIndirect, 0});
     }},
    {"indirect table of length 0", kBroken, [](const Victim& v) { use_table_of_length(v, 0); }},
    {"indirect table of length 17", kBroken, [](const Victim& v) { use_table_of_length(v, 17); }},
    {"indirect table of length 15", kBroken, [](const Victim& v) { use_table_of_length(v, 15); }},
    {"indirect table of 65537 entries", kBroken,
     [](const Victim& v) { use_table_of_length(v, 65537 * sizeof(Descriptor)); }},
    {"indirect table of 0xfffffff0 bytes", kBroken,
     [](const Victim& v) { use_table_of_length(v, 0xfffffff0); }},
    {"indirect table behind RAM", kBroken, [](const Victim& v) { use_table_at(v, pool_end()); }},
    {"indirect table across the end of RAM", kBroken,
     [](const Victim& v) { use_table_at(v, pool_end() - sizeof(Descriptor)); }},
    {"indirect table that wraps around", kBroken,
     [](const Victim& v) { use_table_at(v, ~std::uint64_t{0} - 15); }},
    {"indirect table in its own registers", kBroken,
     [](const Victim& v) { use_table_at(v, v.device().window().address); }},
    {"indirect table at an odd address", Outcome::kUsed,
     [](const Victim& v) {
         use_table(v);
         for (std::uint32_t i = kTableLength; i > 0; --i) {
             store(v.scratch() + i, load<std::uint8_t>(v.scratch() + i - 1));
         }
         v.ring().descriptors[0].address = v.scratch() + 1;
     }},
    {"loop in an indirect table", kBroken,
     [](const Victim& v) {
         use_table(v);
         table_of(v).set_descriptor(2, {v.data(), 1, kNext | kWrite, 0});
     }},
    {"next out of an indirect table", kBroken,
     [](const Victim& v) {
         use_table(v);
         table_of(v).set_descriptor(1, {v.data(), 16, kNext | kWrite, Victim::kChainLength});
     }},
    {"the ring's descriptors as an indirect table", kBroken,
     [](const Victim& v) {
         use_table_at(v, reinterpret_cast<std::uint64_t>(v.ring().descriptors));
     }},
    {"indirect that was not negotiated", kBroken, [](const Victim& v) { use_table(v); }, nullptr,
     virtio::kFeatureEventIdx},
    {"indirect and next, not negotiated", kBroken,
     [](const Victim& v) { use_table(v, v.scratch(), kTableLength, kIndirect | kNext); }, nullptr,
     0},
};

}  // namespace

Cases indirect_cases() {
    return kCases;
}

}  // namespace payload::malicious
