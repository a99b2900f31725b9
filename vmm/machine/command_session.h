// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "base/event_loop.h"
#include "devices/power_control.h"
#include "vmm/machine/stop_latch.h"
#include "vmm/machine/virtio_devices.h"
#include "vmm/machine/x86_64/pc_devices.h"

namespace skiff::machine {

/// What becomes of the one command that a machine is there for: where its streams are, and its end.
/// The guest's init tells by registers of the power control; a guest that tells nonsense harms only
/// itself: its streams are connected once, and it ends once.
class CommandSession final : public devices::CommandEvents {
  public:
    /// All outlive it, or at least the vCPUs.
    CommandSession(EventLoop& loop, StopLatch& latch, x86_64::PcDevices& devices,
                   VirtioDevices& virtio_devices, bool has_terminal)
        : loop_(loop),
          latch_(latch),
          devices_(devices),
          virtio_devices_(virtio_devices),
          has_terminal_(has_terminal) {}

    // CommandEvents; on a vCPU's thread.
    void command_state(std::uint8_t state, std::uint8_t exit_status) override;
    void input_credit(std::uint8_t units) override;

  private:
    void connect_streams(std::uint8_t state);
    void end(std::uint8_t exit_status);

    EventLoop& loop_;
    StopLatch& latch_;
    x86_64::PcDevices& devices_;
    VirtioDevices& virtio_devices_;
    const bool has_terminal_;
    std::atomic<bool> is_connected_{false};
};

}  // namespace skiff::machine
