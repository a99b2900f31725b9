// SPDX-License-Identifier: Apache-2.0
// What a driver of a console must not do (VIRTIO 1.2, 5.3.6), or need not be believed.
#include <initializer_list>

#include "runtime/memory_access.h"
#include "runtime/page_pool.h"
#include "runtime/patience.h"
#include "virtio_console/card.h"

namespace payload::virtio_console {
namespace {

using namespace virtio::console;
using virtio::Buffer;

std::uint64_t page;

enum class Outcome { kNeedsReset, kGoesOn };

struct Case {
    const char* name;
    Outcome outcome;
    void (*play)(Card& card);
};

void submit(Card& card, std::uint16_t queue, const Buffer* buffers, unsigned count) {
    std::uint16_t head = 0;
    card.queue(queue).submit(buffers, count, head);
    card.queue(queue).publish();
}

void submit_one(Card& card, std::uint16_t queue, std::uint32_t size, bool is_writable) {
    const Buffer buffer = {page, size, is_writable};
    submit(card, queue, &buffer, 1);
}

void control_of_size(Card& card, std::uint32_t size) {
    submit_one(card, kControlTransmitQueue, size, false);
}

constexpr Case kCases[] = {
    {"a writable buffer to print", Outcome::kNeedsReset,
     [](Card& card) { submit_one(card, kTransmitQueue, 10, true); }},
    {"a writable control message", Outcome::kNeedsReset,
     [](Card& card) { submit_one(card, kControlTransmitQueue, 8, true); }},
    {"no room for a control message", Outcome::kNeedsReset,
     [](Card& card) {
         submit_one(card, kControlReceiveQueue, 7, true);
         card.send_control(0, kDeviceReady, 1);
     }},
    {"a readable buffer for a control message", Outcome::kNeedsReset,
     [](Card& card) {
         submit_one(card, kControlReceiveQueue, 100, false);
         card.send_control(0, kDeviceReady, 1);
     }},
    {"a control message of 1 byte", Outcome::kGoesOn, [](Card& card) { control_of_size(card, 1); }},
    {"a control message of 7 bytes", Outcome::kGoesOn,
     [](Card& card) { control_of_size(card, 7); }},
    {"a control message of a page", Outcome::kGoesOn,
     [](Card& card) { control_of_size(card, 4096); }},
    {"ports that are not there", Outcome::kGoesOn,
     [](Card& card) {
         for (const std::uint32_t id : {2u, 17u, 0x7fff'ffffu, 0xffff'ffffu}) {
             card.send_control(id, kPortReady, 1);
             card.send_control(id, kPortOpen, 1);
         }
     }},
    {"events of the device, and none", Outcome::kGoesOn,
     [](Card& card) {
         for (const std::uint16_t event : {1, 2, 4, 5, 7, 8, 0x7fff, 0xffff}) {
             card.send_control(0, event, 0xffff);
         }
     }},
    {"a flood of messages, without room for answers", Outcome::kGoesOn,
     [](Card& card) {
         for (unsigned i = 0; i < 300; ++i) {
             card.send_control(0,
                               i % 3 == 0   ? kDeviceReady
                               : i % 3 == 1 ? kPortReady
                                            : kPortOpen,
                               1);
         }
     }},
    {"emergency writes of all kinds", Outcome::kGoesOn,
     [](Card& card) {
         const std::uint64_t config = card.device().window().address + virtio::kConfig;
         for (std::uint64_t i = 0; i < 4; ++i) {
             store<std::uint8_t>(config + kEmergencyWrite + i, '.');
         }
         store<std::uint32_t>(config + kEmergencyWrite, 0xffff'ff00u | '.');
         store<std::uint32_t>(config + kMaxPorts, 0xffff'ffffu);
         store<std::uint32_t>(config + kColumns, 0xffff'ffffu);
     }},
    {"the queues of a port that was not announced", Outcome::kGoesOn,
     [](Card& card) {
         submit_one(card, kTransmitQueue, 0, false);
         card.send(kTransmitQueue, text("early\n"));
         card.offer_buffer(kReceiveQueue);
     }},
};

bool needs_reset(const Card& card) {
    return (card.device().status() & virtio::kDeviceNeedsReset) != 0;
}

bool works(Card& card) {
    return card.bring_up(kFeatureMultiport) && card.send(kTransmitQueue, text("still here\n")) &&
           !needs_reset(card);
}

}  // namespace

std::uint8_t test_malicious(Card& card) {
    constexpr std::uint64_t kSettleCycles = 12'000'000;
    page = allocate_pages(1);
    unsigned failures = 0;
    unsigned cases = 0;
    for (const Case& which : kCases) {
        ++cases;
        if (!works(card)) {
            ++failures;
            print("FAILED before: ", which.name, "\n");
            continue;
        }
        which.play(card);
        const bool must_break = which.outcome == Outcome::kNeedsReset;
        wait_until([&] { return needs_reset(card); }, must_break ? kPatienceCycles : kSettleCycles);
        const bool broke = needs_reset(card);
        print(which.name, broke ? ": needs reset\n" : ": goes on\n");
        if (broke != must_break || !works(card)) {
            ++failures;
            print("FAILED: ", which.name, "\n");
        }
    }
    print(std::uint64_t{cases}, " cases, ", std::uint64_t{failures}, " failures\n");
    return failures == 0 ? 0 : 1;
}

}  // namespace payload::virtio_console
