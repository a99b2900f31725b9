// SPDX-License-Identifier: Apache-2.0
// A driver that breaks every rule of VIRTIO 1.2 it can, case by case. After each it resets the
// device, proves by a good request that the device works again, and that the other devices never
// stopped.
//
// Options: `device=block|entropy|network|balloon|socket|console|all` (the victim, or each that is
// there in turn; the others that are there are bystanders), `rounds=N`, `only=PREFIX` (cases whose
// name begins so;
// `_` stands for a space), `strict=1` (what each case expects must come), `cpus=2` (with a second
// processor to race against).
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

constexpr unsigned kKindCount = sizeof kKinds / sizeof kKinds[0];
Victim devices[kKindCount];
unsigned device_count = 0;
bool is_strict = false;
bool is_first_round = true;
unsigned failures = 0;

/// Those that are there.
struct Devices {
    Victim* begin() const { return devices; }
    Victim* end() const { return devices + device_count; }
};

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

Outcome what_came(const Victim& victim) {
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
void settle(const Victim& victim, const Case& which) {
    const bool must_come =
        is_strict && (which.outcome == Outcome::kNeedsReset || which.outcome == Outcome::kUsed);
    wait_until([&victim] { return needs_reset(victim) || victim.ring().used_idx() != 0; },
               must_come ? kPatienceCycles : kSettleCycles);
}

void play(Victim& victim, const Case& which) {
    if (!victim.bring_up(which.features, which.queue)) {
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
    settle(victim, which);
    const Outcome came = what_came(victim);
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
    for (Victim& bystander : Devices()) {
        if (&bystander != &victim && !bystander.answers()) {
            fail(which, "another device does not answer after it");
            print(bystander.name(), "\n");
        }
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

unsigned play_all(Victim& victim, Cases cases, Text prefix) {
    unsigned played = 0;
    for (const Case& which : cases) {
        if (begins_with(which.name, prefix)) {
            play(victim, which);
            ++played;
        }
    }
    return played;
}

Cases own_cases(const Victim& victim) {
    switch (victim.kind()) {
        case Kind::kNetwork:
            return net_cases();
        case Kind::kBalloon:
            return balloon_cases();
        case Kind::kSocket:
            return socket_cases();
        case Kind::kConsole:  // in the payload virtio_console
        case Kind::kBlock:
        case Kind::kEntropy:
            break;
    }
    return {};
}

unsigned play_round(Victim& victim, Text prefix) {
    const Cases all[] = {chain_cases(),    indirect_cases(), ring_cases(),
                         register_cases(), race_cases(),     own_cases(victim)};
    unsigned played = 0;
    for (const Cases& cases : all) {
        played += play_all(victim, cases, prefix);
    }
    return played;
}

/// All devices that are there, up and answering.
bool prepare() {
    is_strict = option("strict", std::uint64_t{0}) != 0;
    if (option("cpus", std::uint64_t{1}) > 1) {
        allow_races();
    }
    for (const Kind kind : kKinds) {
        Victim& device = devices[device_count];
        if (!device.find(kind)) {
            continue;
        }
        ++device_count;
        if (!device.bring_up() || !device.answers()) {
            print("the ", device.name(), " device does not answer\n");
            return false;
        }
    }
    return true;
}

/// All rounds against one device; how many cases that were.
unsigned play_against(Victim& victim) {
    print("victim ", victim.name(), ", bystanders");
    for (const Victim& other : Devices()) {
        if (&other != &victim) {
            print(" ", other.name());
        }
    }
    print("\n");
    const std::uint64_t rounds = option("rounds", std::uint64_t{1});
    unsigned played = 0;
    is_first_round = true;
    for (std::uint64_t round = 0; round < rounds; ++round) {
        played += play_round(victim, option("only", ""));
        is_first_round = false;
        print("round ", round + 1, ": ", std::uint64_t{played}, " cases so far\n");
    }
    return played;
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
    const Text name = option("device", "entropy");
    unsigned played = 0;
    for (Victim& device : Devices()) {
        if (name == text("all") || name == text(device.name())) {
            played += play_against(device);
        }
    }
    print(std::uint64_t{played}, " cases, ", std::uint64_t{failures}, " failures\n");
    return failures == 0 && played != 0 ? 0 : 1;
}

}  // namespace payload
