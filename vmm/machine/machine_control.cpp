// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/machine_control.h"

#include <fmt/format.h>

#include "base/units.h"

namespace skiff::machine {

void MachineControl::quit() {
    parts_.latch.stop({.kind = ExitReason::Kind::kUserQuit, .value = 0, .detail = {}, .vcpu = {}});
}

void MachineControl::press_power_button() {
    parts_.loop.post([&devices = parts_.devices] { devices->ask_guest_to_stop(); });
}

Result<virtio::balloon::BalloonDevice*> MachineControl::balloon_device() const {
    virtio::balloon::BalloonDevice* const device = parts_.virtio_devices->balloon();
    if (device == nullptr) {
        return Error::user("this machine has no balloon: start it with --balloon");
    }
    return device;
}

std::optional<BalloonState> MachineControl::balloon() const {
    const auto device = balloon_device();
    if (!device.ok()) {
        return std::nullopt;
    }
    const virtio::balloon::StatisticsAnswer answer = (*device)->statistics();
    BalloonState state{.target_bytes = (*device)->target_bytes(),
                       .actual_bytes = (*device)->actual_bytes(),
                       .statistics = answer.values,
                       .statistics_age = {},
                       .is_hinting = (*device)->hints().is_running(),
                       .hinted_bytes = (*device)->hints().hinted_bytes()};
    if (answer.time.has_value()) {
        state.statistics_age = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::steady_clock::now() - *answer.time);
    }
    return state;
}

Result<void> MachineControl::set_balloon_size(std::uint64_t size_bytes) {
    SKIFF_ASSIGN_OR_RETURN(virtio::balloon::BalloonDevice* const device, balloon_device());
    if (size_bytes > parts_.config.memory_bytes) {
        return Error::user(fmt::format("a balloon of {} does not fit: the guest has {}",
                                       format_size(size_bytes),
                                       format_size(parts_.config.memory_bytes)));
    }
    device->set_size(size_bytes);
    return {};
}

Result<void> MachineControl::start_free_page_hints() {
    SKIFF_ASSIGN_OR_RETURN(virtio::balloon::BalloonDevice* const device, balloon_device());
    return device->hints().start();
}

Result<void> MachineControl::stop_free_page_hints() {
    SKIFF_ASSIGN_OR_RETURN(virtio::balloon::BalloonDevice* const device, balloon_device());
    return device->hints().stop();
}

}  // namespace skiff::machine
