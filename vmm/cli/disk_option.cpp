// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/disk_option.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "vmm/cli/suggestion.h"

namespace skiff::cli {
namespace {

using machine::DiskConfig;

/// One word after the path: "ro" or "queues=4".
struct Setting {
    std::string_view key;
    std::optional<std::string_view> value;
};

using Apply = Result<void> (*)(const Setting& setting, DiskConfig& disk);

struct Key {
    std::string_view name;
    std::string_view form;  // as the user writes it
    Apply apply;
};

Error wrong(const Setting& setting, std::string_view takes) {
    return Error::user(fmt::format("'{}{}{}': {}", setting.key,
                                   setting.value.has_value() ? "=" : "", setting.value.value_or(""),
                                   takes));
}

Result<std::uint64_t> positive_number(const Setting& setting, std::string_view takes) {
    std::uint64_t number = 0;
    const std::string_view text = setting.value.value_or("");
    const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || rest != text.data() + text.size() || number == 0) {
        return wrong(setting, takes);
    }
    return number;
}

/// The value of the word that was given, where it is one of two.
Result<bool> is_first(const Setting& setting, std::string_view first, std::string_view second) {
    if (setting.value == first || setting.value == second) {
        return setting.value == first;
    }
    return wrong(setting, fmt::format("write {0}={1} or {0}={2}", setting.key, first, second));
}

Result<void> set_read_only(const Setting& /*setting*/, DiskConfig& disk) {
    disk.read_only = true;
    return {};
}

Result<void> set_direct(const Setting& /*setting*/, DiskConfig& disk) {
    disk.direct = true;
    return {};
}

Result<void> set_serial(const Setting& setting, DiskConfig& disk) {
    disk.serial = setting.value.value_or("");
    const bool printable = std::all_of(disk.serial.begin(), disk.serial.end(),
                                       [](char c) { return c >= ' ' && c <= '~'; });
    if (disk.serial.empty() || disk.serial.size() > DiskConfig::kMaxSerialLength || !printable) {
        return wrong(setting, fmt::format("a serial has 1 to {} printable ASCII characters",
                                          DiskConfig::kMaxSerialLength));
    }
    return {};
}

Result<void> set_queues(const Setting& setting, DiskConfig& disk) {
    const std::string takes =
        fmt::format("a disk has 1 to {} queues (queues=2)", DiskConfig::kMaxQueues);
    SKIFF_ASSIGN_OR_RETURN(const std::uint64_t queues, positive_number(setting, takes));
    if (queues > DiskConfig::kMaxQueues) {
        return wrong(setting, takes);
    }
    disk.queues = static_cast<unsigned>(queues);
    return {};
}

Result<void> set_engine(const Setting& setting, DiskConfig& disk) {
    SKIFF_ASSIGN_OR_RETURN(const bool uring, is_first(setting, "uring", "sync"));
    disk.engine = uring ? DiskConfig::Engine::kUring : DiskConfig::Engine::kSync;
    return {};
}

Result<void> set_cache(const Setting& setting, DiskConfig& disk) {
    SKIFF_ASSIGN_OR_RETURN(const bool back, is_first(setting, "writeback", "writethrough"));
    disk.cache = back ? DiskConfig::Cache::kWriteback : DiskConfig::Cache::kWritethrough;
    return {};
}

Result<void> set_discard(const Setting& setting, DiskConfig& disk) {
    SKIFF_ASSIGN_OR_RETURN(disk.discard, is_first(setting, "on", "off"));
    return {};
}

Result<void> set_bandwidth(const Setting& setting, DiskConfig& disk) {
    std::string_view size = setting.value.value_or("");
    if (size.ends_with("/s")) {
        size.remove_suffix(2);
    }
    const Result<std::uint64_t> bytes = parse_size(size);
    if (!bytes.ok() || *bytes == 0) {
        return wrong(setting, "write for example bw=100M/s");
    }
    disk.bytes_per_second = *bytes;
    return {};
}

Result<void> set_operations(const Setting& setting, DiskConfig& disk) {
    SKIFF_ASSIGN_OR_RETURN(disk.operations_per_second,
                           positive_number(setting, "write for example iops=5000"));
    return {};
}

constexpr std::array kKeys = {
    Key{"ro", "ro", set_read_only},
    Key{"direct", "direct", set_direct},
    Key{"id", "id=SERIAL", set_serial},
    Key{"queues", "queues=N", set_queues},
    Key{"engine", "engine=uring|sync", set_engine},
    Key{"cache", "cache=writeback|writethrough", set_cache},
    Key{"discard", "discard=on|off", set_discard},
    Key{"bw", "bw=SIZE/s", set_bandwidth},
    Key{"iops", "iops=N", set_operations},
};

Error unknown_key(std::string_view name) {
    std::vector<std::string_view> names;
    std::vector<std::string_view> forms;
    for (const Key& key : kKeys) {
        names.push_back(key.name);
        forms.push_back(key.form);
    }
    const std::string_view near = nearest(name, names);
    const std::string hint = near.empty() ? fmt::format("choose from {}", fmt::join(forms, ", "))
                                          : fmt::format("did you mean '{}'?", near);
    return Error::user(fmt::format(
        "'{}' is no setting of a disk: {} (two commas stand for one in a path)", name, hint));
}

Result<void> apply(const Setting& setting, DiskConfig& disk) {
    for (const Key& key : kKeys) {
        if (key.name != setting.key) {
            continue;
        }
        const bool takes_value = key.name != key.form;
        if (takes_value != setting.value.has_value()) {
            return wrong(setting, fmt::format("write {}", key.form));
        }
        return key.apply(setting, disk);
    }
    return unknown_key(setting.key);
}

/// The parts between single commas, with each pair of commas made one.
std::vector<std::string> split_at_commas(std::string_view text) {
    std::vector<std::string> parts(1);
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != ',') {
            parts.back() += text[i];
        } else if (i + 1 < text.size() && text[i + 1] == ',') {
            parts.back() += ',';
            ++i;
        } else {
            parts.emplace_back();
        }
    }
    return parts;
}

Setting to_setting(std::string_view word) {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) {
        return {.key = word, .value = std::nullopt};
    }
    return {.key = word.substr(0, equals), .value = word.substr(equals + 1)};
}

}  // namespace

Result<DiskConfig> parse_disk(std::string_view text) {
    const std::vector<std::string> parts = split_at_commas(text);
    DiskConfig disk;
    disk.path = parts.front();
    if (disk.path.empty()) {
        return Error::user("the path is empty: name a raw disk image or a block device");
    }
    for (std::size_t i = 1; i < parts.size(); ++i) {
        SKIFF_RETURN_IF_ERROR(apply(to_setting(parts[i]), disk));
    }
    return disk;
}

}  // namespace skiff::cli
