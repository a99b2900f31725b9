// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/run/effective_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "vmm/api/instance.h"
#include "vmm/api/resources/write_resources.h"
#include "vmm/api/text/json_value.h"
#include "vmm/api/text/toml_text.h"
#include "vmm/cli/run/machine_options.h"
#include "vmm/cli/values/metadata_option.h"

namespace skiff::cli {
namespace {

using api::VmDescription;
using machine::MachineConfig;

/// The file's devices as it has them. They come before those of options.
template <typename Device, typename Id>
void take_over(std::vector<Device>& devices, const std::vector<Device>& of_file, Id id) {
    for (std::size_t i = 0; i < devices.size(); ++i) {
        if (i < of_file.size()) {
            devices[i] = of_file[i];
            continue;
        }
        while (std::any_of(devices.begin(), devices.begin() + static_cast<std::ptrdiff_t>(i),
                           [&](const Device& other) { return other.*id == devices[i].*id; })) {
            devices[i].*id += '_';
        }
    }
}

void take_over_file(VmDescription& description, const VmDescription& file) {
    take_over(description.drives, file.drives, &api::Drive::drive_id);
    take_over(description.nets, file.nets, &api::NetworkInterface::iface_id);
    description.logger = file.logger;
    description.boot_source->boot_args = file.boot_source->boot_args;
    if (!file.boot_source->boot_args.has_value() && !file.options.has_value()) {
        description.boot_source->boot_args = api::kDefaultBootArgs;
    }
}

/// A section's numbers must be in its ranges; what is beyond them is an option.
void clip(api::MachineShape& shape) {
    shape.vcpu_count = std::min(shape.vcpu_count, api::MachineShape::kMaxVcpus);
    shape.mem_size_mib = std::max<std::uint64_t>(shape.mem_size_mib, 1);
    if (shape.huge_pages == api::MachineShape::HugePages::k2M && shape.mem_size_mib % 2 != 0) {
        shape.huge_pages = api::MachineShape::HugePages::kNone;
    }
}

/// Whether the sections say the same of the disks. A serial number that nobody gave may be the
/// drive's name.
bool same_disks(const MachineConfig& sections, const MachineConfig& config) {
    std::vector<machine::DiskConfig> disks = sections.disks;
    if (disks.size() != config.disks.size()) {
        return false;
    }
    for (std::size_t i = 0; i < disks.size(); ++i) {
        if (config.disks[i].serial.empty()) {
            disks[i].serial.clear();
        }
    }
    return disks == config.disks;
}

/// Options whose meaning the sections have wholly. `sections` is what these make.
std::vector<std::string_view> told_by_sections(const MachineConfig& sections,
                                               const MachineConfig& config) {
    std::vector<std::string_view> told = {"no-rng"};
    const auto add_if = [&told](bool is_told, std::string_view name) {
        if (is_told) {
            told.push_back(name);
        }
    };
    const bool is_plain_initrd =
        config.modules.empty() || (config.modules.size() == 1 && config.initrd_path.has_value() &&
                                   config.modules.front().path == *config.initrd_path &&
                                   config.modules.front().arguments.empty());
    add_if(sections.cpu_count == config.cpu_count, "cpus");
    add_if(sections.cpu_template.has_value() == config.cpu_template.has_value(), "cpu-template");
    add_if(sections.memory_bytes == config.memory_bytes, "memory");
    add_if(sections.memory_backing == config.memory_backing, "memory-backing");
    add_if(sections.balloon == config.balloon, "balloon");
    add_if(sections.vsock == config.vsock, "vsock");
    add_if(sections.serial == config.serial, "serial");
    add_if(is_plain_initrd, "initrd");
    add_if(same_disks(sections, config), "disk");
    add_if(sections.nets == config.nets, "net");
    return told;
}

/// Those of the description's devices that options make are no part of its sections then.
template <typename Device>
void leave_to_options(std::vector<Device>& devices, std::size_t of_file) {
    for (std::size_t i = of_file; i < devices.size(); ++i) {
        devices[i].is_from_option = true;
    }
}

void erase_options(api::MachineOptions& options, const std::vector<std::string_view>& names) {
    std::erase_if(options.options, [&](const auto& option) {
        return std::find(names.begin(), names.end(), option.name) != names.end();
    });
}

bool has_option(const api::MachineOptions& options, std::string_view name) {
    return std::any_of(options.options.begin(), options.options.end(),
                       [name](const auto& option) { return option.name == name; });
}

/// The log's options, where they are not the file's, or the default ones.
void describe_log(VmDescription& description, const RunOptions& options) {
    const log::Options usual =
        options.file.has_value() ? api::log_options(*options.file) : log::Options{};
    if (options.log.level == usual.level && options.log.file_path == usual.file_path &&
        options.log.format == usual.format) {
        return;
    }
    api::Logger logger = description.logger.value_or(api::Logger{});
    if (options.log.level != usual.level) {  // --quiet or --verbose
        logger.level = options.log.level == log::Level::kDebug ? api::Logger::Level::kDebug
                                                               : api::Logger::Level::kWarning;
    }
    if (options.log.format != usual.format) {
        logger.log_format = options.log.format == log::Format::kJson ? api::Logger::Format::kJson
                                                                     : api::Logger::Format::kText;
    }
    if (!options.log.file_path.empty()) {
        logger.log_path = options.log.file_path;
    }
    description.logger = logger;
}

}  // namespace

VmDescription effective_config(const RunOptions& options) {
    VmDescription description = api::describe_machine(options.config);
    description.apply_options = apply_machine_options;
    description.boot_source->boot_args.reset();
    description.metrics = options.metrics;
    const VmDescription no_file;
    if (options.file.has_value()) {
        take_over_file(description, *options.file);
    }
    describe_log(description, options);
    clip(description.machine);

    api::MachineOptions given = options.given;
    if (options.debug_place.has_value()) {
        for (auto& option : given.options) {
            if (option.name == "gdb") {
                option.values = {"unix:" + options.debug_place->socket};
            }
        }
    }
    if (const Result<MachineConfig> sections = description.machine_config(); sections.ok()) {
        erase_options(given, told_by_sections(*sections, options.config));
    }
    if (has_option(given, "initrd")) {
        description.boot_source->initrd_path.reset();
    }
    const VmDescription& file = options.file.has_value() ? *options.file : no_file;
    if (has_option(given, "disk")) {
        leave_to_options(description.drives, file.drives.size());
    }
    if (has_option(given, "net")) {
        leave_to_options(description.nets, file.nets.size());
    }
    // Even without any option: the section says whose default command line it is.
    if (!given.options.empty() || !description.boot_source->boot_args.has_value()) {
        description.options = std::move(given);
    }
    describe_metadata(options, description);
    return description;
}

std::string config_text(const VmDescription& description, api::ConfigForm form,
                        std::string_view remarks) {
    std::string json = api::to_json(description);
    if (form == api::ConfigForm::kJson) {
        return json;
    }
    const Result<api::JsonValue> value = api::parse_json(json);
    SKIFF_CHECK(value.ok());
    std::string text = api::to_toml(*value) + "\n";
    while (!remarks.empty()) {
        const std::size_t end = std::min(remarks.find('\n'), remarks.size());
        text += fmt::format("# {}\n", remarks.substr(0, end));
        remarks.remove_prefix(std::min(end + 1, remarks.size()));
    }
    return text;
}

}  // namespace skiff::cli
