// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/command_session.h"

#include "base/log.h"
#include "devices/power_control_registers.h"
#include "guest-init/orders.h"

namespace skiff::machine {
namespace {

using devices::power_control::Register;

static_assert(static_cast<int>(Register::kExitStatus) == SKIFF_EXIT_STATUS_REGISTER);
static_assert(static_cast<int>(Register::kCommand) == SKIFF_COMMAND_REGISTER);
static_assert(static_cast<int>(Register::kInputCredit) == SKIFF_INPUT_CREDIT_REGISTER);
static_assert(devices::power_control::kPortBase == SKIFF_POWER_CONTROL_PORTS);
static_assert(devices::power_control::kMmioBase == SKIFF_POWER_CONTROL_PAGE);

}  // namespace

void CommandSession::command_state(std::uint8_t state, std::uint8_t exit_status) {
    switch (state) {
        case SKIFF_COMMAND_ON_PORTS:
        case SKIFF_COMMAND_ON_SERIAL:
        case SKIFF_COMMAND_ON_HVC:
            if (!is_connected_.exchange(true)) {
                connect_streams(state);
            }
            return;
        case SKIFF_COMMAND_ENDED:
            end(exit_status);
            return;
        case SKIFF_COMMAND_IMPOSSIBLE:
            latch_.stop({.kind = ExitReason::Kind::kCommandLost,
                         .value = 0,
                         .detail = "the guest could not start it",
                         .vcpu = {}});
            return;
        default:
            return;  // the guest's mistake, which changes nothing
    }
}

void CommandSession::connect_streams(std::uint8_t state) {
    if (state == SKIFF_COMMAND_ON_SERIAL) {
        if (!has_terminal_) {
            log::info(
                "this kernel has no virtio console: the command's output and errors come as one "
                "stream, over the serial port");
        }
        devices_.give_serial_to_command();
        return;
    }
    loop_.post([this, state] {
        if (state == SKIFF_COMMAND_ON_PORTS) {
            virtio_devices_.begin_streams();
        } else {
            virtio_devices_.give_terminal_to_port();
        }
    });
}

void CommandSession::end(std::uint8_t exit_status) {
    virtio_devices_.expect_all_output();
    latch_.stop(
        {.kind = ExitReason::Kind::kCommandEnded, .value = exit_status, .detail = {}, .vcpu = {}});
}

void CommandSession::input_credit(std::uint8_t units) {
    devices_.add_input_credit(std::size_t{units} * SKIFF_INPUT_CREDIT_BYTES);
}

}  // namespace skiff::machine
