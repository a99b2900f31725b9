// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/config_file.h"

#include <fmt/format.h>

#include "vmm/api/resources/cpu_config.h"
#include "vmm/api/resources/parse_resources.h"
#include "vmm/api/text/object_reader.h"
#include "vmm/api/text/text_file.h"
#include "vmm/api/text/toml_text.h"

namespace skiff::api {
namespace {

using enum Presence;

/// The parts of a file, each of which becomes commands.
class Sections {
  public:
    explicit Sections(const JsonValue& json) : reader_(json, "") {}

    /// The section, if it is there, by its parser.
    template <typename Parser>
    void one(std::string_view key, Presence presence, Parser parse) {
        if (const JsonValue* const section = reader_.member(key, presence)) {
            add(parse(*section, std::string(key)));
        }
    }
    template <typename Parser>
    void list(std::string_view key, Parser parse) {
        const JsonValue* const section = reader_.member(key, kOptional);
        if (section == nullptr) {
            return;
        }
        if (section->array() == nullptr) {
            reader_.refuse(key,
                           fmt::format("an array was expected, this is {}", section->describe()));
            return;
        }
        for (std::size_t i = 0; i < section->array()->size(); ++i) {
            add(parse((*section->array())[i], fmt::format("{}[{}]", key, i)));
        }
    }
    /// What skiff does not have yet; nothing of it may be asked for.
    void not_supported(std::string_view key) {
        const JsonValue* const section = reader_.member(key, kOptional);
        const bool is_empty =
            section == nullptr || (section->array() != nullptr && section->array()->empty());
        if (!is_empty) {
            reader_.refuse(key, "not supported yet: leave it out");
        }
    }

    Result<std::vector<Command>> finish() && {
        SKIFF_RETURN_IF_ERROR(reader_.finish());
        return std::move(commands_);
    }

  private:
    template <typename T>
    void add(Result<T> parsed) {
        if (parsed.ok()) {
            commands_.emplace_back(std::move(parsed).value());
        } else {
            reader_.fail(parsed.error());
        }
    }

    ObjectReader reader_;
    std::vector<Command> commands_;
};

}  // namespace

Result<std::vector<Command>> parse_config(std::string_view text, ConfigForm form) {
    SKIFF_ASSIGN_OR_RETURN(const JsonValue json,
                           form == ConfigForm::kToml ? parse_toml(text) : parse_json(text));
    Sections sections(json);
    sections.one("boot-source", kRequired, parse_boot_source);
    sections.one("machine-config", kOptional, parse_machine_shape);
    sections.one("cpu-config", kOptional, parse_cpu_config_section);
    sections.list("drives", parse_drive);
    sections.list("network-interfaces", parse_network_interface);
    sections.one("balloon", kOptional, parse_balloon);
    sections.one("vsock", kOptional, parse_vsock);
    sections.one("entropy", kOptional, parse_entropy);
    sections.one("serial", kOptional, parse_serial);
    sections.one("logger", kOptional, parse_logger);
    sections.one("metrics", kOptional, parse_metrics);
    sections.one("run-options", kOptional, parse_machine_options);
    sections.one("mmds-config", kOptional, parse_mmds_config);
    for (const std::string_view key : {"memory-hotplug", "pmem"}) {
        sections.not_supported(key);
    }
    return std::move(sections).finish();
}

Result<void> apply(const Command& command, VmDescription& description) {
    return std::visit(
        [&description](const auto& resource) -> Result<void> {
            if constexpr (requires { description.set(resource); }) {
                return description.set(resource);
            } else {
                return Error::user("this can be asked for only once the microVM runs");
            }
        },
        command);
}

ConfigForm form_of(std::string_view path, std::string_view text) {
    if (path.ends_with(".toml")) {
        return ConfigForm::kToml;
    }
    // A file without an extension, or a pipe: JSON begins with a brace, TOML never does.
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    const bool is_json =
        path.ends_with(".json") || first == std::string_view::npos || text[first] == '{';
    return is_json ? ConfigForm::kJson : ConfigForm::kToml;
}

Result<VmDescription> load_config(const std::string& path, ApplyOptions apply_options) {
    SKIFF_ASSIGN_OR_RETURN(const std::string text, read_text_file(path));
    const auto commands = parse_config(text, form_of(path, text));
    if (!commands.ok()) {
        return commands.error().with_context(path);
    }
    VmDescription description;
    description.apply_options = apply_options;
    for (const Command& command : *commands) {
        if (const auto done = api::apply(command, description); !done.ok()) {
            const bool is_option = std::holds_alternative<MachineOptions>(command);
            return (is_option ? done.error().with_context("run-options") : done.error())
                .with_context(path);
        }
    }
    return description;
}

Result<void> load_metadata(const std::string& path, Mmds& mmds) {
    SKIFF_ASSIGN_OR_RETURN(const std::string text, read_text_file(path));
    Result<JsonValue> data = parse_json(text);
    const Result<void> put = data.ok() ? mmds.put(std::move(data).value()) : data.error();
    return put.ok() ? put : put.error().with_context(path);
}

}  // namespace skiff::api
