// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json_writer.h"
#include "base/result.h"
#include "vmm/api/resources/resources.h"
#include "vmm/api/text/json_value.h"
#include "vmm/api/text/object_reader.h"

/// CPU templates in Firecracker's words: the names of the static ones, and the language of those of
/// one's own, where numbers are "0x1a" or "0b1", and "0b01xx" are bits that are cleared, set, or
/// left as they are (docs/api/README.md).
namespace skiff::api {

/// `cpu_template` of a machine's shape.
void read_cpu_template(ObjectReader& reader,
                       std::optional<machine::StaticCpuTemplate>& cpu_template);

Result<CpuConfig> parse_cpu_config(const JsonValue& json, const std::string& where);

/// The section of a configuration file: a template, or the path of a file that has one.
Result<CpuConfig> parse_cpu_config_section(const JsonValue& json, const std::string& where);

/// What the command line calls one: its name, or a file that has one. Nothing for "None".
Result<std::optional<machine::CpuTemplate>> cpu_template_by(std::string_view name_or_path);

/// Its members, as they can be parsed again.
void write_members(JsonWriter& json, const CpuConfig& config);

}  // namespace skiff::api
