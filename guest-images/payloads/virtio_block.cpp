// SPDX-License-Identifier: Apache-2.0
// Drives a virtio block device as the words of the command line say, one after the other; each
// prints one line that begins with the word (virtio_block/requests.h and many.h have them all):
//
//   read:16:8:1 flush many:0:1000:1:32 reset_in_flight:0:16:1 read:16:8:1
//
// Options: `disk=N` (the Nth block device, from 0), `queues=N`, `queue_size=N`, `features=MASK` (of
// those the driver knows), `chain=direct|indirect`, `wait=poll|interrupt`.
#include "runtime/boot_info.h"
#include "runtime/kvm_clock.h"
#include "runtime/run_payload.h"
#include "virtio_block/many.h"
#include "virtio_block/requests.h"

namespace payload {
namespace {

using virtio::Disk;

struct Verb {
    const char* name;
    bool (*run)(Disk& disk, const Command& command);
};
constexpr Verb kVerbs[] = {
    {"info", block_commands::print_configuration},
    {"read", block_commands::read},
    {"write", block_commands::write},
    {"framing", block_commands::read_oddly_framed},
    {"flush", block_commands::flush},
    {"id", block_commands::get_id},
    {"discard", block_commands::discard},
    {"zeroes", block_commands::write_zeroes},
    {"raw", block_commands::raw},
    {"many", block_commands::run_many},
    {"reset_in_flight", block_commands::reset_in_flight},
    {"queue_reset", block_commands::reset_one_queue},
    {"again", block_commands::bring_up_again},
    {"resized", block_commands::wait_for_new_capacity},
};

Disk disk;

Disk::Options options_of_command_line() {
    return {.features = option("features", Disk::kKnownFeatures) & Disk::kKnownFeatures,
            .queues = static_cast<unsigned>(option("queues", std::uint64_t{1})),
            .queue_size = static_cast<std::uint16_t>(option("queue_size", std::uint64_t{256})),
            .indirect = option("chain", "direct") == text("indirect"),
            .by_interrupt = option("wait", "poll") == text("interrupt")};
}

bool obey(const Command& command) {
    for (const Verb& verb : kVerbs) {
        if (command.verb == text(verb.name)) {
            return verb.run(disk, command);
        }
    }
    print(command.word, ": not a word that I know\n");
    return false;
}

}  // namespace

std::uint8_t run() {
    const auto number = static_cast<unsigned>(option("disk", std::uint64_t{0}));
    if (!kvm_clock::set_up() || !block_commands::set_up_data() ||
        !disk.start(number, options_of_command_line())) {
        print("the disk does not come up\n");
        return 1;
    }
    std::uint8_t status = 0;
    std::size_t position = 0;
    for (Command command; next_command(position, command);) {
        if (!obey(command)) {
            status = 1;
        }
    }
    for (unsigned queue = 0; queue < disk.queue_count(); ++queue) {
        if (disk.queue(queue).strange_completions() != 0) {
            print("used elements that no request asked for\n");
            status = 1;
        }
    }
    print(status == 0 ? "done\n" : "something failed\n");
    return status;
}

}  // namespace payload
