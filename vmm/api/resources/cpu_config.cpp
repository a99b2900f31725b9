// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/resources/cpu_config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>

#include "vmm/api/resources/words.h"
#include "vmm/api/text/text_file.h"

namespace skiff::api {
namespace {

using enum Presence;
using machine::BitMask;
using machine::CpuidModifier;
using machine::CpuidRegister;
using machine::MsrModifier;

constexpr std::array kRegisterWords = {
    Choice<CpuidRegister>{"eax", CpuidRegister::kEax},
    Choice<CpuidRegister>{"ebx", CpuidRegister::kEbx},
    Choice<CpuidRegister>{"ecx", CpuidRegister::kEcx},
    Choice<CpuidRegister>{"edx", CpuidRegister::kEdx},
};

/// KVM_CPUID_FLAG_*: there are three of them.
constexpr std::uint64_t kMaxCpuidFlags = 7;

/// All of the text as a number below 2^32.
std::optional<std::uint32_t> whole_number(std::string_view text, int base) {
    std::uint32_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number, base);
    if (error != std::errc() || stop != end) {
        return std::nullopt;
    }
    return number;
}

/// A string with a prefix for its base, as the language has them.
void read_number(ObjectReader& reader, std::string_view key, std::uint32_t& field) {
    std::optional<std::string> text;
    reader.string(key, kRequired, text);
    if (!text.has_value()) {
        return;
    }
    std::optional<std::uint32_t> number;
    if (text->starts_with("0x")) {
        number = whole_number(std::string_view(*text).substr(2), 16);
    } else if (text->starts_with("0b")) {
        number = whole_number(std::string_view(*text).substr(2), 2);
    }
    if (number.has_value()) {
        field = *number;
    } else {
        reader.refuse(key, fmt::format("'{}' is no number of at most 32 bits that begins with 0x "
                                       "or 0b",
                                       *text));
    }
}

/// "0b01xx": a bit that is cleared, one that is set, two that stay, as do those before them.
/// Nothing where it is none.
template <typename Word>
std::optional<BitMask<Word>> parse_bitmap(std::string_view text) {
    if (text.starts_with("0b")) {
        text.remove_prefix(2);
    }
    BitMask<Word> bits;
    Word bit = 1;
    for (auto digit = text.rbegin(); digit != text.rend(); ++digit) {
        if (*digit == '_') {
            continue;
        }
        if (bit == 0 || (*digit != '0' && *digit != '1' && *digit != 'x')) {
            return std::nullopt;
        }
        bits.mask |= *digit == 'x' ? Word{0} : bit;
        bits.value |= *digit == '1' ? bit : Word{0};
        bit <<= 1;
    }
    return bits;
}

template <typename Word>
void read_bitmap(ObjectReader& reader, BitMask<Word>& field) {
    std::optional<std::string> text;
    reader.string("bitmap", kRequired, text);
    if (!text.has_value()) {
        return;
    }
    if (const auto bits = parse_bitmap<Word>(*text); bits.has_value()) {
        field = *bits;
    } else {
        reader.refuse("bitmap", fmt::format("'{}' is not 0b and up to {} of 0, 1, x and _", *text,
                                            std::numeric_limits<Word>::digits));
    }
}

template <typename Word>
std::string bitmap_text(const BitMask<Word>& bits) {
    std::string text = "0b";
    for (int position = std::numeric_limits<Word>::digits - 1; position >= 0; --position) {
        const Word bit = Word{1} << position;
        const char value = (bits.value & bit) != 0 ? '1' : '0';
        text += (bits.mask & bit) != 0 ? value : 'x';
    }
    return text;
}

Result<CpuidModifier::Register> parse_register(const JsonValue& json, const std::string& where) {
    ObjectReader reader(json, where);
    CpuidModifier::Register parsed{};
    reader.choice<CpuidRegister>("register", kRequired, kRegisterWords, parsed.name);
    read_bitmap(reader, parsed.bits);
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return parsed;
}

/// An array of objects, each by its parser.
template <typename T>
void read_each(ObjectReader& reader, std::string_view key, Presence presence,
               Result<T> (*parse)(const JsonValue& json, const std::string& where),
               std::vector<T>& list) {
    const JsonValue::Array* const array = reader.array(key, presence);
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
        auto parsed = parse((*array)[i], reader.path_of(key, i));
        if (!parsed.ok()) {
            reader.fail(parsed.error());
            return;
        }
        list.push_back(std::move(parsed).value());
    }
}

Result<CpuidModifier> parse_cpuid_modifier(const JsonValue& json, const std::string& where) {
    ObjectReader reader(json, where);
    CpuidModifier parsed;
    read_number(reader, "leaf", parsed.leaf);
    read_number(reader, "subleaf", parsed.subleaf);
    std::uint64_t flags = 0;
    reader.number("flags", kRequired, {0, kMaxCpuidFlags}, flags);
    parsed.flags = static_cast<std::uint32_t>(flags);
    read_each(reader, "modifiers", kRequired, parse_register, parsed.registers);
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return parsed;
}

Result<MsrModifier> parse_msr_modifier(const JsonValue& json, const std::string& where) {
    ObjectReader reader(json, where);
    MsrModifier parsed;
    read_number(reader, "addr", parsed.address);
    read_bitmap(reader, parsed.bits);
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return parsed;
}

/// "56" is one more that must be there, "!56" one that need not be.
void read_capabilities(ObjectReader& reader, machine::CpuTemplate& cpu_template) {
    constexpr std::string_view kKey = "kvm_capabilities";
    const JsonValue::Array* const array = reader.array(kKey, kOptional);
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
        const std::string* const text = (*array)[i].string();
        const std::string_view given = text == nullptr ? std::string_view() : *text;
        const bool is_waived = given.starts_with('!');
        const auto number = whole_number(given.substr(is_waived ? 1 : 0), 10);
        if (!number.has_value() || *number > std::numeric_limits<std::int32_t>::max()) {
            const std::string path = reader.path_of(kKey, i);
            reader.fail(Error::user(fmt::format("{}: the number of a KVM_CAP_… was expected, as a "
                                                "string, and a ! before it if it may be missing",
                                                path))
                            .with_field(path));
            return;
        }
        (is_waived ? cpu_template.waived_capabilities : cpu_template.needed_capabilities)
            .push_back(*number);
    }
}

std::string known_words() {
    std::vector<std::string_view> words;
    words.reserve(kCpuTemplateWords.size());
    for (const auto& choice : kCpuTemplateWords) {
        words.push_back(choice.word);
    }
    return fmt::format("{}", fmt::join(words, ", "));
}

/// Errors name the file.
Result<CpuConfig> load_cpu_config(const std::string& path) {
    SKIFF_ASSIGN_OR_RETURN(const std::string text, read_text_file(path));
    const auto json = parse_json(text);
    auto config = json.ok() ? parse_cpu_config(*json, "") : json.error();
    return config.ok() ? std::move(config) : config.error().with_context(path);
}

/// What a template for aarch64 has.
void refuse_other_architecture(ObjectReader& reader, std::string_view key) {
    const JsonValue::Array* const array = reader.array(key, kOptional);
    if (array != nullptr && !array->empty()) {
        reader.refuse(key, "this is for aarch64, and this skiff for x86_64");
    }
}

}  // namespace

void read_cpu_template(ObjectReader& reader,
                       std::optional<machine::StaticCpuTemplate>& cpu_template) {
    constexpr std::string_view kKey = "cpu_template";
    std::optional<std::string> word;
    reader.string(kKey, kOptional, word);
    if (!word.has_value()) {
        return;
    }
    if (*word == "V1N1") {
        reader.refuse(kKey, "V1N1 is for aarch64, and this skiff for x86_64");
        return;
    }
    for (const auto& choice : kCpuTemplateWords) {
        if (choice.word == *word) {
            cpu_template = choice.value;
            return;
        }
    }
    reader.refuse(kKey, fmt::format("'{}' is not one of {}", *word, known_words()));
}

Result<CpuConfig> parse_cpu_config(const JsonValue& json, const std::string& where) {
    ObjectReader reader(json, where);
    CpuConfig parsed;
    machine::CpuTemplate& cpu_template = parsed.cpu_template;
    cpu_template.name = "of cpu-config";
    cpu_template.field = "cpu-config";
    read_capabilities(reader, cpu_template);
    read_each(reader, "cpuid_modifiers", kOptional, parse_cpuid_modifier, cpu_template.cpuid);
    read_each(reader, "msr_modifiers", kOptional, parse_msr_modifier, cpu_template.msrs);
    refuse_other_architecture(reader, "reg_modifiers");
    refuse_other_architecture(reader, "vcpu_features");
    SKIFF_RETURN_IF_ERROR(reader.finish());
    return parsed;
}

Result<CpuConfig> parse_cpu_config_section(const JsonValue& json, const std::string& where) {
    if (json.string() == nullptr) {
        return parse_cpu_config(json, where);
    }
    auto config = load_cpu_config(*json.string());
    return config.ok() ? std::move(config) : config.error().with_context(where).with_field(where);
}

Result<std::optional<machine::CpuTemplate>> cpu_template_by(std::string_view name_or_path) {
    using Found = std::optional<machine::CpuTemplate>;
    for (const auto& choice : kCpuTemplateWords) {
        if (choice.word == name_or_path) {
            return choice.value == machine::StaticCpuTemplate::kNone
                       ? Found()
                       : Found(machine::static_cpu_template(choice.value));
        }
    }
    const std::string path(name_or_path);
    if (path.find('/') == std::string::npos && ::access(path.c_str(), F_OK) != 0) {
        return Error::user(
            fmt::format("'{}' is neither a file nor one of {}", path, known_words()));
    }
    auto config = load_cpu_config(path);
    if (!config.ok()) {
        return config.error();
    }
    return Found(std::move(config->cpu_template));
}

void write_members(JsonWriter& json, const CpuConfig& config) {
    const machine::CpuTemplate& cpu_template = config.cpu_template;
    json.begin_array("kvm_capabilities");
    for (const std::uint32_t number : cpu_template.needed_capabilities) {
        json.element(fmt::format("{}", number));
    }
    for (const std::uint32_t number : cpu_template.waived_capabilities) {
        json.element(fmt::format("!{}", number));
    }
    json.end_array();
    json.begin_array("cpuid_modifiers");
    for (const CpuidModifier& modifier : cpu_template.cpuid) {
        json.begin_object();
        json.string("leaf", fmt::format("{:#x}", modifier.leaf));
        json.string("subleaf", fmt::format("{:#x}", modifier.subleaf));
        json.number("flags", modifier.flags.value_or(0));
        json.begin_array("modifiers");
        for (const CpuidModifier::Register& change : modifier.registers) {
            json.begin_object();
            json.string("register", word_for(kRegisterWords, change.name));
            json.string("bitmap", bitmap_text(change.bits));
            json.end_object();
        }
        json.end_array();
        json.end_object();
    }
    json.end_array();
    json.begin_array("msr_modifiers");
    for (const MsrModifier& modifier : cpu_template.msrs) {
        json.begin_object();
        json.string("addr", fmt::format("{:#x}", modifier.address));
        json.string("bitmap", bitmap_text(modifier.bits));
        json.end_object();
    }
    json.end_array();
}

}  // namespace skiff::api
