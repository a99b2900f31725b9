// SPDX-License-Identifier: Apache-2.0
// What only a balloon can be given: lists of pages that are none (VIRTIO 1.2, 5.5.6), statistics
// without end (5.5.6.3), hints that nobody asked for (5.5.6.5), too much of everything.
#include <initializer_list>

#include "runtime/boot_info.h"
#include "runtime/page_pool.h"
#include "virtio/balloon_registers.h"
#include "virtio_malicious/case.h"

namespace payload::malicious {
namespace {

namespace registers = virtio::balloon;
using virtio::kNext;
using virtio::kWrite;

constexpr Outcome kBroken = Outcome::kNeedsReset;
constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kImage = kMiB;  // where the payload's own code is, mapped from its file
constexpr std::uint32_t kLongestList = 64 * 1024;

std::uint32_t page_of(std::uint64_t address) {
    return static_cast<std::uint32_t>(address / kPageSize);
}

/// One buffer as the only chain.
void send(Victim& victim, std::uint64_t address, std::uint32_t length, std::uint16_t flags = 0) {
    victim.ring().set_descriptor(0, {address, length, flags, 0});
    offer(victim, 0);
    notify(victim);
}

void send_list(Victim& victim, std::initializer_list<std::uint32_t> numbers) {
    std::uint64_t at = victim.scratch();
    for (const std::uint32_t number : numbers) {
        store<std::uint32_t>(at, number);
        at += sizeof number;
    }
    send(victim, victim.scratch(), static_cast<std::uint32_t>(at - victim.scratch()));
}

void send_one_page_often(Victim& victim) {
    for (std::uint64_t i = 0; i < kPageSize / 4; ++i) {
        store<std::uint32_t>(victim.scratch() + 4 * i, page_of(victim.data()));
    }
    send(victim, victim.scratch(), kPageSize);
}

/// Memory that nobody has written, so that all numbers in it are 0.
std::uint64_t untouched() {
    return pool_end() - 32 * kMiB;
}

/// All descriptors in one chain, each `length` bytes of that memory.
void send_all(Victim& victim, std::uint32_t length, std::uint16_t flags) {
    const std::uint16_t size = victim.ring().size;
    for (std::uint16_t i = 0; i < size; ++i) {
        const bool is_last = i + 1 == size;
        victim.ring().set_descriptor(
            i, {untouched(), length, static_cast<std::uint16_t>(flags | (is_last ? 0 : kNext)),
                static_cast<std::uint16_t>(is_last ? 0 : i + 1)});
    }
    offer(victim, 0);
    notify(victim);
}

/// What the machine's builder left for its guest: all of it has been read by now.
void inflate_what_was_loaded(Victim& victim) {
    const StartInfo* const info = start_info();
    const std::uint64_t info_at = reinterpret_cast<std::uint64_t>(info);
    send_list(victim, {0, page_of(info_at), page_of(info->memory_map_address),
                       page_of(info->command_line_address), page_of(info->rsdp_address)});
}

void inflate_its_own_rings(Victim& victim) {
    const virtio::Ring& ring = victim.ring();
    send_list(victim,
              {page_of(reinterpret_cast<std::uint64_t>(ring.descriptors)),
               page_of(reinterpret_cast<std::uint64_t>(ring.available)),
               page_of(reinterpret_cast<std::uint64_t>(ring.used)), page_of(victim.scratch())});
}

void reset_the_queue_while_it_works(Victim& victim) {
    for (unsigned i = 0; i < 30; ++i) {
        send_one_page_often(victim);
        victim.queue().reset();
        victim.queue().set_up(victim.device(), victim.queue_index(), virtio::Ring::kMaxSize);
    }
    send_one_page_often(victim);
}

void write_configuration(Victim& victim, std::uint64_t offset, std::uint32_t value) {
    store<std::uint32_t>(victim.device().window().address + virtio::kConfig + offset, value);
}

constexpr Case inflate(const char* name, Outcome outcome, void (*play)(Victim&)) {
    return {name, outcome, nullptr, play, Victim::kFeatures, registers::kInflate};
}
constexpr Case deflate(const char* name, Outcome outcome, void (*play)(Victim&)) {
    return {name, outcome, nullptr, play, Victim::kFeatures, registers::kDeflate};
}
constexpr Case statistics(const char* name, Outcome outcome, void (*play)(Victim&)) {
    return {name, outcome, nullptr, play, Victim::kFeatures, registers::kStats};
}
constexpr Case hints(const char* name, Outcome outcome, void (*play)(Victim&)) {
    return {name, outcome, nullptr, play, Victim::kFeatures, registers::kHints};
}

constexpr Case kCases[] = {
    inflate("inflate: no memory there", Outcome::kUsed,
            [](Victim& v) {
                send_list(v, {page_of(pool_end()), 0xc8000, page_of(v.device().window().address),
                              0xfee00, 0x7fffffff, 0xffffffff, 0xfffffffe});
            }),
    inflate(
        "inflate: across the end of RAM", Outcome::kUsed,
        [](Victim& v) {
            send_list(v, {page_of(pool_end()) - 1, page_of(pool_end()), page_of(pool_end()) + 1});
        }),
    inflate("inflate: one page a thousand times", Outcome::kUsed, send_one_page_often),
    inflate("inflate: what was loaded", Outcome::kUsed, inflate_what_was_loaded),
    inflate("inflate: its own code", Outcome::kUsed,
            [](Victim& v) {
                send_list(v, {page_of(kImage), page_of(kImage) + 1, page_of(kImage) + 2});
            }),
    inflate("inflate: its own rings", Outcome::kAnything, inflate_its_own_rings),
    inflate("inflate: the longest list", Outcome::kUsed,
            [](Victim& v) { send(v, untouched(), kLongestList); }),
    inflate("inflate: a longer list", kBroken,
            [](Victim& v) { send(v, untouched(), kLongestList + 4); }),
    inflate("inflate: a list of 16 MiB", kBroken,
            [](Victim& v) { send(v, untouched(), 16 * kMiB); }),
    inflate("inflate: a list in pieces of a byte", Outcome::kUsed,
            [](Victim& v) { send_all(v, 1, 0); }),
    inflate("inflate: three bytes", kBroken, [](Victim& v) { send(v, v.scratch(), 3); }),
    inflate("inflate: no list", kBroken, [](Victim& v) { send(v, v.scratch(), 64, kWrite); }),
    inflate("inflate: resets of the queue", Outcome::kUsed, reset_the_queue_while_it_works),
    deflate("deflate: what was never in it", Outcome::kUsed,
            [](Victim& v) {
                send_list(v, {0, 1, 0x7fffffff, 0xffffffff});
            }),
    deflate("deflate: six bytes", kBroken, [](Victim& v) { send(v, v.scratch(), 6); }),
    deflate("deflate: a list of 16 MiB", kBroken,
            [](Victim& v) { send(v, untouched(), 16 * kMiB); }),
    statistics("statistics: two buffers", kBroken,
               [](Victim& v) {
                   v.ring().set_descriptor(0, {v.scratch(), 100, 0, 0});
                   offer(v, 0, 0);
                   offer(v, 0, 1);
                   notify(v);
               }),
    statistics("statistics: 16 MiB", Outcome::kQuiet,
               [](Victim& v) { send(v, untouched(), 16 * kMiB); }),
    statistics("statistics: half of one", Outcome::kQuiet,
               [](Victim& v) { send(v, v.scratch(), 5); }),
    statistics("statistics: none", Outcome::kQuiet,
               [](Victim& v) { send(v, v.scratch(), 100, kWrite); }),
    hints("hints: pages that nobody asked for", Outcome::kUsed,
          [](Victim& v) { send(v, untouched(), 16 * kMiB, kWrite); }),
    hints("hints: a command that nobody gave", Outcome::kUsed,
          [](Victim& v) {
              store<std::uint32_t>(v.scratch(), 2);
              send(v, v.scratch(), 4);
          }),
    hints("hints: DONE, as the device says it", Outcome::kUsed,
          [](Victim& v) {
              store<std::uint32_t>(v.scratch(), registers::kDone);
              send(v, v.scratch(), 4);
          }),
    hints("hints: a command of three bytes", kBroken, [](Victim& v) { send(v, v.scratch(), 3); }),
    hints("hints: a command of 16 MiB", kBroken,
          [](Victim& v) { send(v, untouched(), 16 * kMiB); }),
    {"report: 16 MiB at once", Outcome::kUsed, nullptr,
     [](Victim& v) { send(v, untouched(), 16 * kMiB, kWrite); }},
    {"report: the same 16 MiB in all descriptors", Outcome::kUsed, nullptr,
     [](Victim& v) { send_all(v, 16 * kMiB, kWrite); }},
    {"report: less than a page", Outcome::kUsed, nullptr,
     [](Victim& v) { send(v, v.data() + 1, kPageSize, kWrite); }},
    {"report: to read, not to write", Outcome::kUsed, nullptr,
     [](Victim& v) { send(v, untouched(), kMiB); }},
    {"configuration: as large as it gets", Outcome::kUsed, nullptr,
     [](Victim& v) {
         for (const std::uint64_t field :
              {registers::config::kTargetPages, registers::config::kActualPages,
               registers::config::kHintCommand}) {
             write_configuration(v, field, 0xffffffff);
         }
         send(v, v.data(), kPageSize, kWrite);
     }},
    {"configuration: poison that was not negotiated", Outcome::kUsed, nullptr,
     [](Victim& v) {
         write_configuration(v, registers::config::kPoisonValue, 0xffffffff);
         send(v, v.data(), kPageSize, kWrite);
     }},
};

}  // namespace

Cases balloon_cases() {
    return kCases;
}

}  // namespace payload::malicious
