// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/trace_symbols.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace skiff::machine {
namespace {

constexpr std::size_t kAddressDigits = 16;
/// Addresses of code are in the upper half (Linux, Documentation/x86/x86_64/mm.rst).
constexpr std::uint64_t kUpperHalf = 0xffff800000000000;
/// What stands before the digits of an address of code, and closes it behind them.
struct Form {
    std::string_view before;
    std::string_view after;
};
constexpr std::array kForms = {Form{"[<", ">]"}, Form{"0x", ""}, Form{":", ""}};

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/// The address whose digits begin at `at`; nothing where there are more or fewer than 16.
std::optional<std::uint64_t> address_at(std::string_view line, std::size_t at) {
    const std::string_view digits = line.substr(at, kAddressDigits);
    if (digits.size() < kAddressDigits || !std::all_of(digits.begin(), digits.end(), is_hex)) {
        return std::nullopt;
    }
    const std::size_t end = at + kAddressDigits;
    if (end < line.size() && is_hex(line[end])) {
        return std::nullopt;
    }
    std::uint64_t address = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), address, 16);
    return address >= kUpperHalf ? std::optional(address) : std::nullopt;
}

/// How long the address at `at` is with what closes it; 0 where none in a known form is there.
std::size_t length_of_address(std::string_view line, std::size_t at) {
    for (const Form& form : kForms) {
        const bool opened = line.substr(0, at).ends_with(form.before);
        if (opened && line.substr(at + kAddressDigits).starts_with(form.after)) {
            return kAddressDigits + form.after.size();
        }
    }
    return 0;
}

}  // namespace

std::string with_symbols(std::string_view line, const boot::SymbolTable& symbols,
                         std::uint64_t offset) {
    std::string result;
    std::size_t copied = 0;
    for (std::size_t at = 0; at + kAddressDigits <= line.size(); ++at) {
        const auto address = address_at(line, at);
        if (!address.has_value()) {
            continue;
        }
        const std::size_t length = length_of_address(line, at);
        const auto name = length != 0 ? symbols.find(*address - offset) : std::nullopt;
        at += kAddressDigits - 1;
        if (name.has_value()) {
            const std::size_t end = at + 1 + length - kAddressDigits;
            result += line.substr(copied, end - copied);
            result += fmt::format(" ({})", *name);
            copied = end;
        }
    }
    return result.append(line.substr(copied));
}

}  // namespace skiff::machine
