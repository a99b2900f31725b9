// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/resources/v1.h"

#include "base/json_writer.h"
#include "base/units.h"
#include "vmm/api/text/object_reader.h"

namespace skiff::api {

Result<Shutdown> parse_shutdown(const JsonValue& json) {
    ObjectReader reader(json, "");
    std::optional<std::uint64_t> deadline_ms;
    reader.number("deadline_ms", Presence::kOptional, {0, Shutdown::kMaxMs}, deadline_ms);
    SKIFF_RETURN_IF_ERROR(reader.finish());
    Shutdown shutdown;
    if (deadline_ms.has_value()) {
        shutdown.deadline = std::chrono::milliseconds(*deadline_ms);
    }
    return shutdown;
}

Result<BalloonTarget> parse_balloon_target(const JsonValue& json) {
    ObjectReader reader(json, "");
    BalloonTarget target;
    reader.number("target_mib", Presence::kRequired, {0, kMaxMib}, target.update.amount_mib);
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return target;
}

std::string balloon_size_json(const machine::BalloonState& state) {
    JsonWriter json;
    json.begin_object();
    json.number("target_mib", state.target_bytes / kMiB);
    json.number("actual_mib", state.actual_bytes / kMiB);
    json.number("actual_bytes", state.actual_bytes);
    json.end_object();
    return json.text();
}

}  // namespace skiff::api
