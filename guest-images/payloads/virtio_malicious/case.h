// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "virtio_malicious/victim.h"

namespace payload::malicious {

/// What must come of a case before the driver resets the device.
enum class Outcome {
    kAnything,
    /// DEVICE_NEEDS_RESET: the ring broke a rule.
    kNeedsReset,
    /// The request comes back: what is odd about it is allowed, or answered in band.
    kUsed,
    /// Not believed by the device: it goes on as if nothing had been written.
    kQuiet,
};

/// One foul deed, with the device up and its ring empty.
struct Case {
    const char* name;
    Outcome outcome;
    /// With a good chain in descriptors 0 to 2: spoils it, then it is offered. Null where `play` is
    /// what there is.
    void (*spoil)(const Victim& victim);
    /// Does all by itself, up to the notification.
    void (*play)(Victim& victim) = nullptr;
    /// Features to bring the device up with.
    std::uint64_t features = Victim::kFeatures;
    /// The queue that `play` is about.
    int queue = Victim::kUsualQueue;
};

/// A table of them. (<span> is not for code without a C library, as clang sees it.)
class Cases {
  public:
    Cases() = default;
    template <unsigned kCount>
    constexpr Cases(const Case (&table)[kCount]) : first_(table), count_(kCount) {}

    const Case* begin() const { return first_; }
    const Case* end() const { return first_ + count_; }

  private:
    const Case* first_ = nullptr;
    unsigned count_ = 0;
};

Cases chain_cases();
Cases indirect_cases();
Cases ring_cases();
Cases register_cases();
Cases race_cases();
/// For a network device alone, the races among them too.
Cases net_cases();
/// For a balloon alone.
Cases balloon_cases();
Cases socket_cases();

/// Puts a head on the ring, where the index is `idx`, and makes the index `idx + 1`.
void offer(const Victim& victim, std::uint16_t head, std::uint16_t idx = 0);
/// Tells the device, whether it wants to know or not.
void notify(const Victim& victim);

/// Counts a failure where `holds` is false and `strict=1` was given.
void expect_of_the_strict(const char* what, bool holds);

}  // namespace payload::malicious
