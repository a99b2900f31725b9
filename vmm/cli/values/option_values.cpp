// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/values/option_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "base/units.h"

namespace skiff::cli {
namespace {

using std::chrono::milliseconds;

bool all_digits(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The whole text as a number, nothing where it is not one or does not fit.
template <typename Number>
std::optional<Number> to_number(std::string_view text, int base = 10) {
    Number number{};
    const char* const end = text.data() + text.size();
    const auto [rest, failure] = std::from_chars(text.data(), end, number, base);
    if (failure != std::errc() || rest != end) {
        return std::nullopt;
    }
    return number;
}

Error wrong(std::string_view text, std::string_view takes) {
    return Error::user(fmt::format("'{}' is not {}", text, takes));
}

/// Splits off and returns the part before `separator`; the whole where there is none.
std::string_view take_until(std::string_view& text, char separator) {
    const std::size_t end = text.find(separator);
    const std::string_view part = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    return part;
}

/// "240" or "0xf0".
template <typename T>
std::optional<T> decimal_or_hex(std::string_view text) {
    const bool is_hex = text.starts_with("0x") || text.starts_with("0X");
    return is_hex ? to_number<T>(text.substr(2), 16) : to_number<T>(text);
}

}  // namespace

Result<std::string> parse_path(std::string_view text) {
    if (text.empty()) {
        return Error::user("the path is empty: name a file");
    }
    return std::string(text);
}

Result<unsigned> parse_count(std::string_view text) {
    const auto count = to_number<unsigned>(text);
    if (!count.has_value()) {
        return wrong(text, "a count: write a whole number such as 2");
    }
    return *count;
}

Result<machine::TraceConfig> parse_trace(std::string_view text) {
    machine::TraceConfig config;
    const std::size_t equals = text.find('=');
    std::string_view words = text.substr(0, equals);
    constexpr std::string_view kTakes = "exits, devices or exits,devices, with or without =FILE";
    if (words.ends_with(',')) {
        return wrong(text, kTakes);
    }
    if (equals != std::string_view::npos) {
        SKIFF_ASSIGN_OR_RETURN(config.path, parse_path(text.substr(equals + 1)));
    }
    do {
        const std::string_view word = take_until(words, ',');
        if (word != "exits" && word != "devices") {
            return wrong(text, kTakes);
        }
        config.exits = config.exits || word == "exits";
        config.devices = config.devices || word == "devices";
    } while (!words.empty());
    return config;
}

Result<machine::KernelTroubles> parse_fail_on(std::string_view text) {
    using machine::index_of;
    using machine::KernelTrouble;
    machine::KernelTroubles troubles;
    if (text == "panic") {
        return troubles;
    }
    if (text != "oops" && text != "warn") {
        return wrong(text, "panic, oops or warn");
    }
    troubles.set(index_of(KernelTrouble::kOops)).set(index_of(KernelTrouble::kLockup));
    troubles.set(index_of(KernelTrouble::kWarning), text == "warn");
    return troubles;
}

Result<PollPolicy> parse_io_poll(std::string_view text) {
    constexpr unsigned kMaxMicroseconds = 1'000'000;
    if (text == "auto") {
        return PollPolicy{};
    }
    const auto microseconds = text == "off" ? 0U : to_number<unsigned>(text);
    if (!microseconds.has_value() || *microseconds > kMaxMicroseconds) {
        return wrong(text, "auto, off, or a number of microseconds up to 1000000");
    }
    return PollPolicy{.kind = PollPolicy::Kind::kFixed,
                      .limit = std::chrono::microseconds(*microseconds)};
}

Result<std::uint64_t> parse_memory_size(std::string_view text) {
    if (!all_digits(text)) {
        return parse_size(text);
    }
    const auto mebibytes = to_number<std::uint64_t>(text);
    if (!mebibytes.has_value() || *mebibytes > std::numeric_limits<std::uint64_t>::max() / kMiB) {
        return wrong(text, "a size that fits in 64 bits (a number alone counts MiB)");
    }
    return *mebibytes * kMiB;
}

Result<milliseconds> parse_seconds(std::string_view text) {
    constexpr std::string_view kTakes = "a number of seconds: write for example 10 or 0.25";
    // A year, so that no deadline arithmetic can overflow.
    constexpr std::uint64_t kMaxSeconds = 366ULL * 24 * 60 * 60;
    std::string_view fraction = text;
    const std::string_view whole = take_until(fraction, '.');
    const bool has_point = whole.size() != text.size();
    if (!all_digits(whole) || (has_point && (!all_digits(fraction) || fraction.size() > 3))) {
        return wrong(text, kTakes);
    }
    const auto seconds = to_number<std::uint64_t>(whole);
    if (!seconds.has_value() || *seconds > kMaxSeconds) {
        return wrong(text, "a time of at most a year, in seconds");
    }
    std::string digits(fraction);
    digits.resize(3, '0');
    const auto thousandths = to_number<std::uint64_t>(digits);
    return milliseconds(*seconds * 1000 + thousandths.value_or(0));
}

Result<milliseconds> parse_timeout(std::string_view text) {
    SKIFF_ASSIGN_OR_RETURN(const milliseconds time, parse_seconds(text));
    if (time.count() == 0) {
        return Error::user("a time limit of 0 would stop the guest at once: give more");
    }
    return time;
}

Result<std::uint16_t> parse_io_port(std::string_view text) {
    const auto port = decimal_or_hex<std::uint16_t>(text);
    if (!port.has_value()) {
        return wrong(text, "an I/O port: write 0 to 0xffff, for example 0xf4");
    }
    return *port;
}

Result<std::string> parse_machine_name(std::string_view text) {
    constexpr std::size_t kLongestName = 64;
    const bool visible =
        std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (text.empty() || text.size() > kLongestName || !visible) {
        return wrong(text, "a name: 1 to 64 letters, digits and signs without blanks");
    }
    return std::string(text);
}

Result<log::Format> parse_log_format(std::string_view text) {
    if (text == "text") {
        return log::Format::kText;
    }
    if (text == "json") {
        return log::Format::kJson;
    }
    return wrong(text, "a format of the log: choose text or json");
}

Result<boot::EntryProtocol> parse_entry(std::string_view text) {
    if (text == "auto") {
        return boot::EntryProtocol::kAuto;
    }
    if (text == "pvh") {
        return boot::EntryProtocol::kPvh;
    }
    if (text == "linux64") {
        return boot::EntryProtocol::kLinux64;
    }
    if (text == "linux32") {
        return boot::EntryProtocol::kLinux32;
    }
    if (text == "multiboot") {
        return boot::EntryProtocol::kMultiboot;
    }
    return wrong(text, "an entry protocol: choose auto, pvh, multiboot, linux64 or linux32");
}

Result<boot::ModuleFile> parse_module(std::string_view text) {
    boot::ModuleFile module;
    std::size_t i = 0;
    for (; i < text.size(); ++i) {
        if (text[i] == ',') {
            if (!text.substr(i).starts_with(",,")) {
                break;
            }
            ++i;
        }
        module.path += text[i];
    }
    module.arguments = text.substr(std::min(i + 1, text.size()));
    SKIFF_RETURN_IF_ERROR(parse_path(module.path));
    return module;
}

Result<boot::FlatImage> parse_flat(std::string_view text) {
    constexpr std::string_view kTakes =
        "the place of a flat image: write its address and its mode, for example 0x7c00,real, "
        "0x100000,32 or 0x100000,64";
    std::string_view mode = text;
    const std::string_view address_text = take_until(mode, ',');
    const auto address = decimal_or_hex<std::uint64_t>(address_text);
    if (!address.has_value()) {
        return wrong(text, kTakes);
    }
    boot::FlatImage flat{*address, boot::FlatMode::kProtected32};
    if (mode == "real") {
        flat.mode = boot::FlatMode::kReal;
    } else if (mode == "64") {
        flat.mode = boot::FlatMode::kLong64;
    } else if (mode != "32" && address_text.size() != text.size()) {
        return wrong(text, kTakes);
    }
    return flat;
}

Result<machine::SerialConfig> parse_serial(std::string_view text) {
    using Kind = machine::SerialConfig::Kind;
    constexpr std::string_view kTakes =
        "a serial backend: choose stdio, none, file=PATH, pty or unix=PATH";
    std::string_view path = text;
    const std::string_view name = take_until(path, '=');
    const bool has_path = name.size() != text.size();
    if (!has_path) {
        if (name == "stdio") {
            return machine::SerialConfig{.kind = Kind::kStdio, .path = {}};
        }
        if (name == "none") {
            return machine::SerialConfig{.kind = Kind::kNone, .path = {}};
        }
        if (name == "pty") {
            return machine::SerialConfig{.kind = Kind::kPty, .path = {}};
        }
    }
    if (name != "file" && name != "unix") {
        return wrong(text, kTakes);
    }
    if (path.empty()) {
        return Error::user(fmt::format("'{}' needs a path: write {}=PATH", text, name));
    }
    const Kind kind = name == "file" ? Kind::kFile : Kind::kUnix;
    return machine::SerialConfig{.kind = kind, .path = std::string(path)};
}

Result<MemoryBacking> parse_memory_backing(std::string_view text) {
    constexpr std::string_view kTakes =
        "a memory backing: choose anon, memfd or hugetlb[=2M|1G], then ,thp or ,prefault";
    MemoryBacking backing;
    std::string_view rest = text;
    const std::string_view kind = take_until(rest, ',');
    if (kind == "anon") {
        backing.kind = MemoryBacking::Kind::kAnonymous;
    } else if (kind == "memfd") {
        backing.kind = MemoryBacking::Kind::kMemfd;
    } else if (kind == "hugetlb" || kind == "hugetlb=2M") {
        backing.kind = MemoryBacking::Kind::kHugetlb;
        backing.huge_page_bytes = 2 * kMiB;
    } else if (kind == "hugetlb=1G") {
        backing.kind = MemoryBacking::Kind::kHugetlb;
        backing.huge_page_bytes = kGiB;
    } else {
        return wrong(text, kTakes);
    }
    if (kind.size() == text.size()) {
        return backing;
    }
    if (text.ends_with(',')) {
        return wrong(text, kTakes);
    }
    do {
        const std::string_view word = take_until(rest, ',');
        if (word == "thp") {
            backing.transparent_huge_pages = true;
        } else if (word == "prefault") {
            backing.prefault = true;
        } else {
            return wrong(text, kTakes);
        }
    } while (!rest.empty());
    return backing;
}

}  // namespace skiff::cli
