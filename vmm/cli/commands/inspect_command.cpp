// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/json_writer.h"
#include "boot/inspect.h"
#include "vmm/cli/commands/commands.h"
#include "vmm/cli/output.h"

namespace skiff::cli {
namespace {

/// These fields are a promise to programs: docs/cli.md.
std::string as_json(const boot::Inspection& inspection) {
    JsonWriter json;
    json.begin_object();
    json.string("path", inspection.path);
    json.string("kind", inspection.kind);
    json.string("description", inspection.description);
    json.boolean("bootable", inspection.bootable);
    json.string("obstacle", inspection.obstacle);
    json.begin_object("properties");
    for (const boot::Property& property : inspection.properties) {
        json.string(property.key, property.value);
    }
    json.end_object();
    json.end_object();
    return json.text();
}

std::string as_text(const boot::Inspection& inspection) {
    std::size_t width = 0;
    for (const boot::Property& property : inspection.properties) {
        width = std::max(width, property.label.size());
    }
    std::string text =
        fmt::format("{}: {}\n", visible(inspection.path), visible(inspection.description));
    for (const boot::Property& property : inspection.properties) {
        text += fmt::format("  {:<{}}  {}\n", property.label, width, visible(property.value));
    }
    text += inspection.bootable
                ? "  skiff run boots it.\n"
                : fmt::format("  skiff run does not boot it: {}\n", visible(inspection.obstacle));
    return text;
}

}  // namespace

int inspect_command(const ParsedArguments& arguments) {
    const auto inspection = boot::inspect(*arguments.last("FILE"));
    if (!inspection.ok()) {
        return report(inspection.error());
    }
    return print(arguments.has("json") ? as_json(*inspection) : as_text(*inspection));
}

}  // namespace skiff::cli
