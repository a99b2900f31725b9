// SPDX-License-Identifier: Apache-2.0
#include "boot/kernel_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "base/file.h"
#include "base/units.h"
#include "boot/compression.h"
#include "boot/image_search.h"

namespace skiff::boot {
namespace {

constexpr std::string_view kOptionPrefix = "CONFIG_";
constexpr std::string_view kTitleEnd = " Kernel Configuration";
/// Marks around the gzip data; the first one with the beginning of a gzip header behind it.
constexpr std::string_view kStartMark = "IKCFG_ST\x1f\x8b\x08";
constexpr std::size_t kStartMarkBytes = 8;
constexpr std::string_view kEndMark = "IKCFG_ED";
/// A distribution's has 64 KiB.
constexpr std::uint64_t kMaxPackedBytes = 1 * kMiB;
/// How often the first mark is believed: a file full of them must not cost a read each.
constexpr unsigned kMaxCandidates = 16;

std::string_view without_quotes(std::string_view text) {
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
        return text.substr(1, text.size() - 2);
    }
    return text;
}

/// From "# Linux/x86 6.1.0 Kernel Configuration": the word before the last two.
std::string version_in_title(std::string_view line) {
    if (!line.starts_with('#') || !line.ends_with(kTitleEnd)) {
        return {};
    }
    line.remove_suffix(kTitleEnd.size());
    return std::string(line.substr(line.rfind(' ') + 1));
}

/// The gzip data at an offset of the kernel; nothing where no end mark is near.
Result<std::optional<std::vector<std::uint8_t>>> packed_config_at(const File& file,
                                                                  std::uint64_t offset) {
    SKIFF_ASSIGN_OR_RETURN(auto bytes, file.read_up_to(offset, kMaxPackedBytes + kEndMark.size()));
    const auto end = std::search(bytes.begin(), bytes.end(), kEndMark.begin(), kEndMark.end());
    if (end == bytes.end()) {
        return std::optional<std::vector<std::uint8_t>>();
    }
    bytes.erase(end, bytes.end());
    return std::optional(std::move(bytes));
}

Result<KernelConfig> unpack_config(const File& file, std::span<const std::uint8_t> packed) {
    const auto flawed = [&file](std::string_view flaw) {
        return Error::user(
            fmt::format("the configuration inside of '{}' cannot be read: {}", file.name(), flaw));
    };
    // RFC 1952, 2.3.1: a member ends with its unpacked size.
    std::uint32_t size = 0;
    if (packed.size() >= sizeof size) {
        std::memcpy(&size, packed.data() + packed.size() - sizeof size, sizeof size);
    }
    if (size > KernelConfig::kMaxTextBytes) {
        return flawed(fmt::format("it would be {} large", format_size(size)));
    }
    std::string text(size, '\0');
    const auto done = unpack(Compression::kGzip, packed,
                             {reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    if (!done.ok()) {
        return flawed(done.error().message());
    }
    if (!done->finished || done->size_bytes != size) {
        return flawed("it does not have the size that it announces");
    }
    auto config = KernelConfig::parse(std::move(text), "the kernel itself");
    if (!config.has_value()) {
        return flawed("it is no kernel configuration");
    }
    return std::move(*config);
}

/// "6.1.0-test" of a bzImage's header or an ELF kernel's banner; empty where there is none.
Result<std::string> release_of(const KernelImage& kernel) {
    std::string text;
    if (kernel.bzimage.has_value()) {
        text = kernel.bzimage->kernel_version;
    } else if (kernel.elf.has_value()) {
        SKIFF_RETURN_IF_ERROR(
            search_segments(kernel, [&text](std::uint64_t /*offset*/, std::string_view piece) {
                text = linux_banner_in(piece);
                return !text.empty();
            }));
    }
    return text.substr(0, text.find(' '));
}

/// Whether a kernel that calls itself `release` can be of source version `version`: "6.1.0-test"
/// is of 6.1.0, and what does not say may be anything.
bool may_be_of(std::string_view release, std::string_view version) {
    if (release.empty() || version.empty()) {
        return true;
    }
    if (!release.starts_with(version)) {
        return false;
    }
    const char next = release.size() > version.size() ? release[version.size()] : '-';
    return next < '0' || next > '9';
}

std::optional<KernelConfig> read_config_file(const std::filesystem::path& path) {
    const auto file = File::open(path.string());
    if (!file.ok()) {
        return std::nullopt;
    }
    const auto bytes = file->read_up_to(0, KernelConfig::kMaxTextBytes);
    if (!bytes.ok()) {
        return std::nullopt;
    }
    return KernelConfig::parse(std::string(bytes->begin(), bytes->end()), path.string());
}

}  // namespace

std::optional<KernelConfig> KernelConfig::parse(std::string text, std::string source) {
    KernelConfig config;
    config.text_ = std::make_unique<const std::string>(std::move(text));
    config.source_ = std::move(source);
    std::string_view rest = *config.text_;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const std::size_t equals = line.find('=');
        if (line.starts_with(kOptionPrefix) && equals != std::string_view::npos &&
            equals > kOptionPrefix.size()) {
            config.options_.push_back(
                {line.substr(kOptionPrefix.size(), equals - kOptionPrefix.size()),
                 without_quotes(line.substr(equals + 1))});
        } else if (config.kernel_version_.empty()) {
            config.kernel_version_ = version_in_title(line);
        }
    }
    if (config.options_.empty()) {
        return std::nullopt;
    }
    // Of an option that is set twice the last counts, as in the shell that reads the file.
    std::stable_sort(config.options_.begin(), config.options_.end(),
                     [](const Option& a, const Option& b) { return a.name < b.name; });
    return config;
}

std::optional<std::string_view> KernelConfig::value(std::string_view option) const {
    const auto after = std::upper_bound(
        options_.begin(), options_.end(), option,
        [](std::string_view wanted, const Option& entry) { return wanted < entry.name; });
    if (after == options_.begin() || (after - 1)->name != option || (after - 1)->value == "n") {
        return std::nullopt;
    }
    return (after - 1)->value;
}

std::optional<std::uint64_t> KernelConfig::number(std::string_view option) const {
    const std::string_view text = value(option).value_or("");
    std::uint64_t result = 0;
    const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), result);
    if (failure != std::errc() || rest != text.data() + text.size()) {
        return std::nullopt;
    }
    return result;
}

Result<std::optional<KernelConfig>> embedded_kernel_config(const KernelImage& kernel) {
    using Packed = std::optional<std::vector<std::uint8_t>>;
    if (!kernel.elf.has_value()) {
        return std::optional<KernelConfig>();
    }
    Result<Packed> packed = Packed();
    unsigned candidates = 0;
    const auto is_there = [&](std::uint64_t offset, std::string_view piece) {
        for (std::size_t at = piece.find(kStartMark); at != std::string_view::npos;
             at = piece.find(kStartMark, at + 1)) {
            packed = packed_config_at(kernel.elf_file(), offset + at + kStartMarkBytes);
            if (!packed.ok() || packed->has_value() || ++candidates == kMaxCandidates) {
                return true;
            }
        }
        return false;
    };
    SKIFF_RETURN_IF_ERROR(search_segments(kernel, is_there));
    if (!packed.ok()) {
        return packed.error();
    }
    if (!packed->has_value()) {
        return std::optional<KernelConfig>();
    }
    SKIFF_ASSIGN_OR_RETURN(KernelConfig config, unpack_config(kernel.file, **packed));
    return std::optional(std::move(config));
}

Result<std::optional<KernelConfig>> kernel_config_beside(const KernelImage& kernel) {
    const std::filesystem::path path(kernel.file.name());
    const std::filesystem::path folder = path.parent_path();
    SKIFF_ASSIGN_OR_RETURN(const std::string release, release_of(kernel));
    // A distribution's version of its own may differ from what the configuration's title says.
    // Each name is one component: a hostile version text must not lead elsewhere.
    if (!release.empty() && release.find('/') == std::string::npos) {
        if (auto config = read_config_file(folder / ("config-" + release))) {
            return config;
        }
    }
    std::vector<std::filesystem::path> places{folder / ".config", folder / "config"};
    if (path.filename() == "bzImage") {
        // arch/x86/boot/bzImage: three folders up is the root of the build tree.
        places.push_back(folder / "../../../.config");
    }
    for (const auto& place : places) {
        auto config = read_config_file(place.lexically_normal());
        if (config.has_value() && may_be_of(release, config->kernel_version())) {
            return config;
        }
    }
    return std::optional<KernelConfig>();
}

Result<std::optional<KernelConfig>> find_kernel_config(const KernelImage& kernel) {
    SKIFF_ASSIGN_OR_RETURN(auto embedded, embedded_kernel_config(kernel));
    return embedded.has_value() ? Result<std::optional<KernelConfig>>(std::move(embedded))
                                : kernel_config_beside(kernel);
}

}  // namespace skiff::boot
