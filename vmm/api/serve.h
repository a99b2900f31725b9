// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/result.h"
#include "vmm/api/api_server.h"
#include "vmm/api/vm_description.h"
#include "vmm/machine/exit_reason.h"
#include "vmm/machine/machine.h"

/// Microvms with an API, from the main thread's side.
namespace skiff::api {

/// Runs a machine that is built already, with what its description has besides (metrics), and with
/// an API where there are options for one: then its configuration has a `console_tap`. On the main
/// thread.
Result<machine::ExitReason> run_described(machine::Machine& machine, VmDescription description,
                                          const std::optional<ApiOptions>& options);

/// Serves an API by which a client describes a microVM and starts it; runs that, and says how it
/// ended. On the main thread, which has started no other.
struct ServeOptions {
    ApiOptions api;
    VmDescription description;
    /// Give the microVM a boot timer (devices/boot_timer.h).
    bool boot_timer = false;
};
Result<machine::ExitReason> serve(const ServeOptions& options);

}  // namespace skiff::api
