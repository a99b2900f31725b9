// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "vmm/api/resources/resources.h"
#include "vmm/api/text/json_value.h"
#include "vmm/machine/machine_control.h"

/// What skiff has beyond Firecracker's API, under /v1: the commands, what they are parsed from and
/// what they answer.
namespace skiff::api {

/// POST `/v1/shutdown`: asks the guest to shut down, and stops it hard at the deadline.
struct Shutdown {
    /// Of a deadline: a day.
    static constexpr std::uint64_t kMaxMs = 86'400'000;

    /// None: the grace time that SIGTERM gives it.
    std::optional<std::chrono::milliseconds> deadline;
};

/// PUT `/v1/balloon`: as PATCH `/balloon`, and answers as GetBalloonSize.
struct BalloonTarget {
    BalloonUpdate update;
};

/// GET `/v1/balloon`: how large the balloon is, and how large it is to be.
struct GetBalloonSize {};

Result<Shutdown> parse_shutdown(const JsonValue& json);
Result<BalloonTarget> parse_balloon_target(const JsonValue& json);

std::string balloon_size_json(const machine::BalloonState& state);

}  // namespace skiff::api
