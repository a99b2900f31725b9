// SPDX-License-Identifier: Apache-2.0
// A driver that breaks every rule of VIRTIO 1.2 it can, case by case. After each it resets the
// device, proves by a good request that the device works again, and that another device never
// stopped.
//
// Options: `device=block|entropy|network` (the victim; another one, where it is there, is the
// bystander: the disk, of the disk the entropy device),
// `rounds=N`, `only=PREFIX` (cases whose name begins so; `_` stands for a space), `strict=1` (what
// each case expects must come), `cpus=2` (with a second processor to race against).
//
// A disk must hold the pattern of seed 1.
#include "runtime/boot_info.h"
#include "runtime/patience.h"
#include "runtime/run_payload.h"
#include "virtio_malicious/case.h"
#include "virtio_malicious/races.h"

namespace payload {
namespace malicious {
namespace {

// Some 5 ms, where nothing need come.
constexpr std::uint64_t kSettleCycles = 12'000'000;

Victim victim;
Victim bystander;
bool has_bystander = false;
bool is_strict = false;
bool is_first_round = true;
unsigned failures = 0;

bool needs_reset(const Victim& of) {
    return (of.device().status() & virtio::kDeviceNeedsReset) != 0;
}

const char* word_for(Outcome outcome) {
    switch (outcome) {
        case Outcome::kNeedsReset:
            return "needs reset";
        case Outcome::kUsed:
            return "used";
        case Outcome::kQuiet:
            return "quiet";
        case Outcome::kAnything:
            break;
    }
    return "anything";
}

Outcome what_came() {
    if (needs_reset(victim)) {
        return Outcome::kNeedsReset;
    }
    return victim.ring().used_idx() != 0 ? Outcome::kUsed : Outcome::kQuiet;
}

void fail(const Case& which, const char* what) {
    ++failures;
    print("FAILED: ", which.name, ": ", what, "\n");
}

/// Waits for DEVICE_NEEDS_RESET or a used request: as long as it takes where one of them must come.
void settle(const Case& which) {
    const bool must_come =
        is_strict && (which.outcome == Outcome::kNeedsReset || which.outcome == Outcome::kUsed);
    wait_until([] { return needs_reset(victim) || victim.ring().used_idx() != 0; },
               must_come ? kPatienceCycles : kSettleCycles);
}

void play(const Case& which) {
    if (!victim.bring_up(which.features)) {
        return fail(which, "the device does not come up before it");
    }
    if (which.play != nullptr) {
        which.play(victim);
    } else {
        victim.write_good_chain();
        which.spoil(victim);
        offer(victim, 0);
        notify(victim);
    }
    settle(which);
    const Outcome came = what_came();
    if (is_first_round) {
        print(which.name, ": ", word_for(came), "\n");
    }
    if (is_strict && which.outcome != Outcome::kAnything && which.outcome != came) {
        fail(which, word_for(came));
    }
    if (!victim.bring_up()) {
        fail(which, "the device does not come up after it");
    } else if (!victim.answers()) {
        fail(which, "the device does not answer after it");
    }
    if (has_bystander && !bystander.answers()) {
        fail(which, "the other device does not answer after it");
    }
}

bool begins_with(const char* name, Text prefix) {
    for (std::size_t i = 0; i < prefix.size; ++i) {
        const char wanted = prefix.data[i] == '_' ? ' ' : prefix.data[i];
        if (name[i] != wanted) {
            return false;
        }
    }
    return true;
}

unsigned play_all(Cases cases, Text prefix) {
    unsigned played = 0;
    for (const Case& which : cases) {
        if (begins_with(which.name, prefix)) {
            play(which);
            ++played;
        }
    }
    return played;
}

unsigned play_round(Text prefix) {
    return play_all(chain_cases(), prefix) + play_all(indirect_cases(), prefix) +
           play_all(ring_cases(), prefix) + play_all(register_cases(), prefix) +
           play_all(race_cases(), prefix) +
           (victim.kind() == Kind::kNetwork ? play_all(net_cases(), prefix) : 0);
}

Kind kind_of_command_line() {
    const Text name = option("device", "entropy");
    return name == text("block")     ? Kind::kBlock
           : name == text("network") ? Kind::kNetwork
                                     : Kind::kEntropy;
}

bool prepare() {
    const Kind kind = kind_of_command_line();
    is_strict = option("strict", std::uint64_t{0}) != 0;
    if (option("cpus", std::uint64_t{1}) > 1) {
        allow_races();
    }
    if (!victim.find(kind) || !victim.bring_up() || !victim.answers()) {
        print("no ", victim.name(), " device that answers\n");
        return false;
    }
    has_bystander = bystander.find(kind == Kind::kBlock ? Kind::kEntropy : Kind::kBlock);
    if (has_bystander && (!bystander.bring_up() || !bystander.answers())) {
        print("the ", bystander.name(), " device does not answer\n");
        return false;
    }
    print("victim ", victim.name(), ", bystander ", has_bystander ? bystander.name() : "none",
          "\n");
    return true;
}

}  // namespace

void offer(const Victim& of, std::uint16_t head, std::uint16_t idx) {
    of.ring().available_entry(idx) = head;
    __atomic_store_n(&of.ring().available_idx(), static_cast<std::uint16_t>(idx + 1),
                     __ATOMIC_RELEASE);
}

void notify(const Victim& of) {
    of.device().write(virtio::kQueueNotify, of.queue_index());
}

void expect_of_the_strict(const char* what, bool holds) {
    if (!holds && is_strict) {
        ++failures;
        print("FAILED: ", what, "\n");
    }
}

}  // namespace malicious

std::uint8_t run() {
    using namespace malicious;
    if (!prepare()) {
        return 1;
    }
    const std::uint64_t rounds = option("rounds", std::uint64_t{1});
    const Text prefix = option("only", "");
    unsigned played = 0;
    for (std::uint64_t round = 0; round < rounds; ++round) {
        played += play_round(prefix);
        is_first_round = false;
        print("round ", round + 1, ": ", std::uint64_t{played}, " cases so far\n");
    }
    print(std::uint64_t{played}, " cases, ", std::uint64_t{failures}, " failures\n");
    return failures == 0 && played != 0 ? 0 : 1;
}

}  // namespace payload
