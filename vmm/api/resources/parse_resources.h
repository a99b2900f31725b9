// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "vmm/api/resources/machine_options.h"
#include "vmm/api/resources/resources.h"
#include "vmm/api/text/json_value.h"

/// JSON objects to what they describe. Strict (object_reader.h): types, ranges and unknown keys at
/// every level; `where` is the object's path in errors. What skiff does not have is an error that
/// says "not supported yet".
namespace skiff::api {

Result<MachineShape> parse_machine_shape(const JsonValue& json, const std::string& where);
Result<MachineShapeUpdate> parse_machine_shape_update(const JsonValue& json);
Result<BootSource> parse_boot_source(const JsonValue& json, const std::string& where);
Result<Drive> parse_drive(const JsonValue& json, const std::string& where);
Result<DriveUpdate> parse_drive_update(const JsonValue& json);
Result<NetworkInterface> parse_network_interface(const JsonValue& json, const std::string& where);
Result<NetworkInterfaceUpdate> parse_network_interface_update(const JsonValue& json);
Result<Balloon> parse_balloon(const JsonValue& json, const std::string& where);
Result<BalloonUpdate> parse_balloon_update(const JsonValue& json);
Result<BalloonStatisticsUpdate> parse_balloon_statistics_update(const JsonValue& json);
Result<BalloonHintingStart> parse_balloon_hinting_start(const JsonValue& json);
Result<Vsock> parse_vsock(const JsonValue& json, const std::string& where);
Result<Entropy> parse_entropy(const JsonValue& json, const std::string& where);
Result<Serial> parse_serial(const JsonValue& json, const std::string& where);
Result<Metrics> parse_metrics(const JsonValue& json, const std::string& where = {});
Result<MmdsConfig> parse_mmds_config(const JsonValue& json, const std::string& where);
Result<Logger> parse_logger(const JsonValue& json, const std::string& where);
/// Only their form: what they are is not looked at.
Result<MachineOptions> parse_machine_options(const JsonValue& json, const std::string& where);
Result<Action> parse_action(const JsonValue& json);
Result<StateChange> parse_state_change(const JsonValue& json);

/// A level's name, in any case: "Warning".
Result<Logger::Level> parse_log_level(std::string_view text);
/// A microVM's name.
Result<std::string> parse_instance_id(std::string_view text);

}  // namespace skiff::api
