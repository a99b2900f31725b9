// SPDX-License-Identifier: Apache-2.0
// Drives a virtio network device at CPL 3 as the words of the command line say, one after the
// other; each prints one line that begins with the word:
//
//   info                     MAC address, features, queue pairs
//   echo:COUNT               sends so many frames back as they came
//   receive:BYTES            takes frames until they are so many bytes
//   send:COUNT:SIZE[:PAIR]   sends frames; above 1518 bytes TCP that is to be cut into segments
//   send:COUNT:SIZE:PAIR:GSO:IP   the same by IPv4 or IPv6 (4, 6) without a checksum, and with that
//                            gso_type (0: whole)
//   again[:TIMES]            resets and brings up the device; each time a frame must come
//
// Before `echo`, `receive` and `again` it prints `ready`. What it tells of frames is their number,
// the sum of their CRC-32, and of those that it took how many had no checksum, or segments.
//
// Options: `net=N` (the Nth network device, from 0), `pairs=N`, `queue_size=N`, `buffer=` (bytes of
// a receive buffer), `features=MASK` (of those the driver knows).
#include "runtime/boot_info.h"
#include "runtime/kvm_clock.h"
#include "runtime/run_payload.h"
#include "runtime/user_mode.h"
#include "virtio_block/words.h"
#include "virtio_net/crc32.h"
#include "virtio_net/exchange.h"

namespace payload {
namespace {

using virtio::NetCard;

NetCard card;
Exchange exchange;

/// What CPL 3 is to do.
struct Order {
    void (*run)(const Command& command);
    const Command* command;
};

void run_at_cpl3(Order order) {
    user_mode::run(
        0,
        [](std::uint64_t argument) -> std::uint64_t {
            const auto& wanted = *reinterpret_cast<const Order*>(argument);
            wanted.run(*wanted.command);
            return 0;
        },
        reinterpret_cast<std::uint64_t>(&order));
}

void print_outcome(const Command& command) {
    const Exchange::Outcome& outcome = exchange.outcome();
    print(command.word, ": ", outcome.is_well ? "ok" : "FAILED", " frames ", outcome.frames,
          " bytes ", outcome.bytes, " sum ", Hex{outcome.sum, 8}, " pairs ",
          outcome.frames_of_pair[0], " ", outcome.frames_of_pair[1], " us ",
          outcome.cycles / (kvm_clock::tsc_hertz() / 1'000'000), " unchecked ",
          outcome.unchecked_frames, " segmented ", outcome.segmented_frames, "\n");
}

bool exchange_frames(const Command& command, void (*run)(const Command&)) {
    print("ready\n");
    run_at_cpl3({run, &command});
    print_outcome(command);
    return exchange.outcome().is_well;
}

bool info(const Command& command) {
    print(command.word, ": mac");
    for (unsigned i = 0; i < 6; ++i) {
        print(" ", Hex{card.mac_byte(i), 2});
    }
    print(" features ", Hex{card.device().features()}, " pairs ", std::uint64_t{card.pairs()},
          "\n");
    return true;
}

bool echo(const Command& command) {
    return exchange_frames(command, [](const Command& c) { exchange.echo(c.number(0)); });
}

bool receive(const Command& command) {
    return exchange_frames(command, [](const Command& c) { exchange.receive(c.number(0)); });
}

bool send(const Command& command) {
    return exchange_frames(command, [](const Command& c) {
        const OffloadFrame kind = {static_cast<std::uint8_t>(c.number(3)), c.number(4) == 6};
        exchange.send(c.number(0), static_cast<std::uint32_t>(c.number(1)),
                      static_cast<unsigned>(c.number(2)), c.count > 3 ? &kind : nullptr);
    });
}

bool again(const Command& command) {
    for (std::uint64_t left = command.number(0, 1); left != 0; --left) {
        if (!card.bring_up()) {
            return false;
        }
        exchange.give_all();
        if (!exchange_frames(command, [](const Command&) { exchange.await_any(); })) {
            return false;
        }
    }
    return true;
}

struct Verb {
    const char* name;
    bool (*run)(const Command& command);
};
constexpr Verb kVerbs[] = {
    {"info", info}, {"echo", echo}, {"receive", receive}, {"send", send}, {"again", again},
};

bool obey(const Command& command) {
    for (const Verb& verb : kVerbs) {
        if (command.verb == text(verb.name)) {
            return verb.run(command);
        }
    }
    print(command.word, ": not a word that I know\n");
    return false;
}

NetCard::Options options_of_command_line() {
    return {.features = option("features", NetCard::kKnownFeatures) & NetCard::kKnownFeatures,
            .pairs = static_cast<unsigned>(option("pairs", std::uint64_t{1})),
            .queue_size = static_cast<std::uint16_t>(option("queue_size", std::uint64_t{256}))};
}

bool has_strange_completions() {
    for (unsigned pair = 0; pair < card.pairs(); ++pair) {
        if (card.receive_queue(pair).strange_completions() != 0 ||
            card.send_queue(pair).strange_completions() != 0) {
            return true;
        }
    }
    return false;
}

}  // namespace

std::uint8_t run() {
    user_mode::set_up(0);
    Command none;
    run_at_cpl3({[](const Command&) { Crc32::set_up(); }, &none});
    const auto number = static_cast<unsigned>(option("net", std::uint64_t{0}));
    if (!kvm_clock::set_up() || !card.start(number, options_of_command_line()) ||
        !exchange.set_up(card, static_cast<std::uint32_t>(option("buffer", std::uint64_t{2048})))) {
        print("the network device does not come up\n");
        return 1;
    }
    run_at_cpl3({[](const Command&) { exchange.give_all(); }, &none});
    std::uint8_t status = 0;
    std::size_t position = 0;
    for (Command command; next_command(position, command);) {
        if (!obey(command)) {
            status = 1;
        }
    }
    if (has_strange_completions()) {
        print("used elements that no frame asked for\n");
        status = 1;
    }
    print(status == 0 ? "done\n" : "something failed\n");
    return status;
}

}  // namespace payload
