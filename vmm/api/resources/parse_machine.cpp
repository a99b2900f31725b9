// SPDX-License-Identifier: Apache-2.0
// What is not a device: the machine, what it boots, its log, actions.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "vmm/api/resources/cpu_config.h"
#include "vmm/api/resources/parse_resources.h"
#include "vmm/api/resources/words.h"
#include "vmm/api/text/object_reader.h"

namespace skiff::api {
namespace {

using enum Presence;

constexpr std::size_t kMaxIdLength = 64;

/// Reads what both PUT and PATCH of /machine-config have.
void read_shape(ObjectReader& reader, Presence presence, MachineShapeUpdate& shape) {
    reader.number("vcpu_count", presence, {1, MachineShape::kMaxVcpus}, shape.vcpu_count);
    reader.number("mem_size_mib", presence, {1, kMaxMib}, shape.mem_size_mib);
    reader.choice<MachineShape::HugePages>("huge_pages", kOptional, kHugePagesWords,
                                           shape.huge_pages);
    bool smt = false;
    reader.boolean("smt", kOptional, smt);
    if (smt) {
        reader.refuse("smt", "threads of one core are not supported yet: give false");
    }
    bool track_dirty_pages = false;
    reader.boolean("track_dirty_pages", kOptional, track_dirty_pages);
    if (track_dirty_pages) {
        reader.refuse("track_dirty_pages", "snapshots are not supported yet: give false");
    }
    read_cpu_template(reader, shape.cpu_template);
}

bool is_name_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-';
}

bool same_word(std::string_view left, std::string_view right) {
    return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) ==
               std::tolower(static_cast<unsigned char>(b));
    });
}

}  // namespace

Result<MachineShape> parse_machine_shape(const JsonValue& json, const std::string& where) {
    ObjectReader reader(json, where);
    MachineShapeUpdate given;
    read_shape(reader, kRequired, given);
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return MachineShape{.vcpu_count = *given.vcpu_count,
                        .mem_size_mib = *given.mem_size_mib,
                        .huge_pages = given.huge_pages.value_or(MachineShape::HugePages::kNone),
                        .cpu_template = given.cpu_template};
}

Result<MachineShapeUpdate> parse_machine_shape_update(const JsonValue& json) {
    ObjectReader reader(json, "");
    MachineShapeUpdate update;
    read_shape(reader, kOptional, update);
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return update;
}

Result<BootSource> parse_boot_source(const JsonValue& json, const std::string& where) {
    ObjectReader reader(json, where);
    BootSource boot;
    reader.string("kernel_image_path", kRequired, boot.kernel_image_path);
    reader.string("initrd_path", kOptional, boot.initrd_path);
    reader.string("boot_args", kOptional, boot.boot_args);
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return boot;
}

Result<Logger::Level> parse_log_level(std::string_view text) {
    // "Warn" is what clients of older versions send.
    if (same_word(text, "warn")) {
        return Logger::Level::kWarning;
    }
    for (const auto& choice : kLevelWords) {
        if (same_word(text, choice.word)) {
            return choice.value;
        }
    }
    return Error::user(
        fmt::format("'{}' is no log level: give Error, Warning, Info, Debug, Trace or Off", text));
}

Result<Logger> parse_logger(const JsonValue& json, const std::string& where) {
    ObjectReader reader(json, where);
    Logger logger;
    std::optional<std::string> level;
    reader.string("level", kOptional, level);
    if (level.has_value()) {
        const auto parsed = parse_log_level(*level);
        if (parsed.ok()) {
            logger.level = *parsed;
        } else {
            reader.refuse("level", parsed.error().message());
        }
    }
    reader.string("log_path", kOptional, logger.log_path);
    reader.boolean("show_level", kOptional, logger.show_level);
    reader.choice<Logger::Format>("log_format", kOptional, kLogFormatWords, logger.log_format);
    reader.boolean("show_log_origin", kOptional, logger.show_log_origin);
    reader.string("module", kOptional, logger.module);
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return logger;
}

Result<Metrics> parse_metrics(const JsonValue& json, const std::string& where) {
    ObjectReader reader(json, where);
    Metrics metrics;
    reader.string("metrics_path", kRequired, metrics.metrics_path);
    reader.boolean("emit_id", kOptional, metrics.emit_id);
    if (const JsonValue* const given = reader.member("properties", kOptional)) {
        ObjectReader properties(*given, reader.path_of("properties"));
        metrics.properties.emplace();
        const JsonValue::Object none;
        for (const auto& [key, value] : given->object() != nullptr ? *given->object() : none) {
            properties.string(key, kOptional, (*metrics.properties)[key]);
        }
        if (const auto read = properties.finish(); !read.ok()) {
            reader.fail(read.error());
        }
    }
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return metrics;
}

Result<Action> parse_action(const JsonValue& json) {
    ObjectReader reader(json, "");
    Action action{};
    reader.choice<Action>("action_type", kRequired, kActionWords, action);
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return action;
}

Result<StateChange> parse_state_change(const JsonValue& json) {
    ObjectReader reader(json, "");
    StateChange change{};
    reader.choice<StateChange>("state", kRequired, kStateWords, change);
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return change;
}

Result<std::string> parse_instance_id(std::string_view text) {
    if (text.empty() || text.size() > kMaxIdLength ||
        !std::all_of(text.begin(), text.end(), is_name_character)) {
        return Error::user(
            fmt::format("'{}': an id is 1 to {} letters, digits and hyphens", text, kMaxIdLength));
    }
    return std::string(text);
}

}  // namespace skiff::api
