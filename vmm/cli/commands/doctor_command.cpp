// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/Version.hpp>

#include "base/json_writer.h"
#include "vmm/cli/commands/commands.h"
#include "vmm/cli/output.h"
#include "vmm/cli/version.h"
#include "vmm/machine/host_report.h"

namespace skiff::cli {
namespace {

using machine::HostCheck;
using machine::HostReport;

std::string fmt_version() {
    return fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100);
}

/// These fields are a promise to programs: docs/cli.md.
std::string as_json(const HostReport& report) {
    JsonWriter json;
    json.begin_object();
    json.boolean("ok", report.can_run());
    json.string("backend", report.backend);
    json.begin_array("host_quirks");
    for (const std::string& quirk : report.host_quirks) {
        json.element(quirk);
    }
    json.end_array();
    json.begin_object("versions");
    json.string("skiff", kVersion);
    json.string("kernel", report.kernel_version);
    json.string("glibc", report.libc_version);
    json.string("fmt", fmt_version());
    json.string("cli11", CLI11_VERSION);
    json.end_object();
    json.begin_array("checks");
    for (const HostCheck& check : report.checks) {
        json.begin_object();
        json.string("name", check.name);
        json.string("status", machine::status_name(check.status));
        json.string("detail", check.detail);
        json.string("remedy", check.remedy);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    return json.text();
}

std::string as_text(const HostReport& report) {
    std::string text;
    for (const HostCheck& check : report.checks) {
        text += fmt::format("{:<5}{:<24}{}\n", machine::status_name(check.status), check.name,
                            check.detail);
        if (!check.remedy.empty()) {
            text += fmt::format("{:<5}{:<24}-> {}\n", "", "", check.remedy);
        }
    }
    text += fmt::format("\nskiff {}, Linux {}, glibc {}, fmt {}, CLI11 {}\n", kVersion,
                        report.kernel_version, report.libc_version, fmt_version(), CLI11_VERSION);
    text += report.can_run() ? "skiff run can work on this host.\n"
                             : "skiff run cannot work on this host yet.\n";
    return text;
}

}  // namespace

int doctor_command(const ParsedArguments& arguments) {
    const HostReport report = machine::examine_host();
    const int printed = print(arguments.has("json") ? as_json(report) : as_text(report));
    if (printed != kStatusOk) {
        return printed;
    }
    return report.can_run() ? kStatusOk : kStatusHostError;
}

}  // namespace skiff::cli
