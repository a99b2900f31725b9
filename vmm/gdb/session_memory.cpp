// SPDX-License-Identifier: Apache-2.0
// Registers and memory: g G p P m M x X.
#include <algorithm>

#include "vmm/gdb/session.h"

namespace skiff::gdb {
namespace {

/// "ADDRESS,LENGTH"
struct Range {
    std::uint64_t address;
    std::uint64_t size;
};

std::optional<Range> parse_range(std::string_view text) {
    const auto address = to_number(take_until(text, ','));
    const auto size = to_number(text);
    if (!address.has_value() || !size.has_value()) {
        return std::nullopt;
    }
    return Range{*address, *size};
}

/// A packet holds this much memory: in hex, and in binary if all of it has to be escaped.
constexpr std::size_t kMaxFetch = kMaxPacketBytes / 2 - 1;

}  // namespace

void Session::read_all_registers(std::string_view) {
    const auto registers = target_.read_registers(cpu_);
    if (!registers.has_value()) {
        reply_error();
        return;
    }
    std::string text;
    for (const RegisterSpec& spec : register_specs(target_.vectors())) {
        text += to_hex(register_bytes(*registers, spec));
    }
    reply(text);
}

/// Fewer bytes than there are registers leave the rest as it is; 'x' digits leave a register.
void Session::write_all_registers(std::string_view hex) {
    auto registers = target_.read_registers(cpu_);
    if (!registers.has_value()) {
        reply_error();
        return;
    }
    for (const RegisterSpec& spec : register_specs(target_.vectors())) {
        if (hex.empty()) {
            break;
        }
        const std::string_view digits = hex.substr(0, 2 * spec.size_bytes);
        hex.remove_prefix(digits.size());
        if (digits.find_first_not_of('x') == std::string_view::npos) {
            continue;
        }
        const auto value = from_hex(digits);
        if (!value.has_value() || value->size() != spec.size_bytes) {
            reply_error();
            return;
        }
        std::copy(value->begin(), value->end(), register_bytes(*registers, spec).begin());
    }
    if (!hex.empty() || !target_.write_registers(cpu_, *registers)) {
        reply_error();
        return;
    }
    reply("OK");
}

const RegisterSpec* Session::find_register(std::string_view number) const {
    const auto index = to_number(number);
    const auto specs = register_specs(target_.vectors());
    if (!index.has_value() || *index >= specs.size()) {
        return nullptr;
    }
    return &specs[static_cast<std::size_t>(*index)];
}

void Session::read_register(std::string_view number) {
    const RegisterSpec* const spec = find_register(number);
    const auto registers = spec == nullptr ? std::nullopt : target_.read_registers(cpu_);
    if (!registers.has_value()) {
        reply_error();
        return;
    }
    reply(to_hex(register_bytes(*registers, *spec)));
}

void Session::write_register(std::string_view arguments) {
    const RegisterSpec* const spec = find_register(take_until(arguments, '='));
    const auto value = from_hex(arguments);
    auto registers = spec == nullptr ? std::nullopt : target_.read_registers(cpu_);
    if (!registers.has_value() || !value.has_value() || value->size() != spec->size_bytes) {
        reply_error();
        return;
    }
    std::copy(value->begin(), value->end(), register_bytes(*registers, *spec).begin());
    if (!target_.write_registers(cpu_, *registers)) {
        reply_error();
        return;
    }
    reply("OK");
}

/// What of the range can be read, at most `limit` bytes; nothing where not even its first byte can.
std::optional<std::vector<std::uint8_t>> Session::fetch(std::string_view arguments,
                                                        std::size_t limit) {
    const auto range = parse_range(arguments);
    if (!range.has_value()) {
        return std::nullopt;
    }
    std::vector<std::uint8_t> data(
        static_cast<std::size_t>(std::min<std::uint64_t>(range->size, limit)));
    const std::size_t got = target_.read_memory(cpu_, range->address, data);
    if (got == 0 && !data.empty()) {
        return std::nullopt;
    }
    data.resize(got);
    return data;
}

void Session::read_memory(std::string_view arguments) {
    const auto data = fetch(arguments, kMaxFetch);
    if (!data.has_value()) {
        reply_error();
        return;
    }
    reply(to_hex(*data));
}

void Session::read_memory_binary(std::string_view arguments) {
    const auto data = fetch(arguments, kMaxFetch);
    if (!data.has_value()) {
        reply_error();
        return;
    }
    reply("b" + escape(*data));
}

void Session::store(std::string_view place, const std::optional<std::vector<std::uint8_t>>& data) {
    const auto range = parse_range(place);
    if (!range.has_value() || !data.has_value() || data->size() != range->size ||
        !target_.write_memory(cpu_, range->address, *data)) {
        reply_error();
        return;
    }
    reply("OK");
}

void Session::write_memory_hex(std::string_view arguments) {
    const std::string_view place = take_until(arguments, ':');
    store(place, from_hex(arguments));
}

void Session::write_memory_binary(std::string_view arguments) {
    const std::string_view place = take_until(arguments, ':');
    store(place, unescape(arguments));
}

}  // namespace skiff::gdb
