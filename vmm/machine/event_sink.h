// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "vmm/machine/kernel_messages.h"

namespace skiff::machine {

/// The guest's kernel said that something is wrong. The message is the guest's text.
struct KernelEvent {
    KernelTrouble trouble = KernelTrouble::kWarning;
    std::string message;
};

/// A device cannot serve the guest as it should.
struct DeviceEvent {
    enum class Problem {
        kNeedsReset,  ///< The driver broke its rules: the device waits for a reset.
        kHostError,   ///< The host failed a request of the guest's.
    };
    std::string device;  ///< "disk data.img"
    Problem problem = Problem::kNeedsReset;
    std::string detail;
};

/// A network device's link went down or came back.
struct LinkEvent {
    std::string device;
    bool is_up = false;
};

/// The guest's balloon has another size.
struct BalloonEvent {
    std::uint64_t target_bytes = 0;
    std::uint64_t actual_bytes = 0;
};

using MachineEvent = std::variant<KernelEvent, DeviceEvent, LinkEvent, BalloonEvent>;

/// Who is told of what happens in a machine that runs. Called on any thread, a few times a second
/// at most for what a guest can cause; must neither wait nor call the machine.
class EventSink {
  public:
    virtual ~EventSink() = default;
    virtual void on_event(const MachineEvent& event) = 0;
};

}  // namespace skiff::machine
