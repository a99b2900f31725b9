// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/emulation_hint.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace skiff::machine {
namespace {

/// Prefixes and opcode of an instruction, as far as it takes to name it (Intel SDM vol. 2, 2.1).
struct Opcode {
    bool repeat = false;                ///< F3
    std::optional<std::uint8_t> first;  ///< The opcode byte, or the one after 0F
    bool two_byte = false;              ///< Came after 0F
    std::uint8_t modrm = 0;             ///< 0 where there is none left
};

bool is_prefix(std::uint8_t byte) {
    constexpr std::array<std::uint8_t, 11> kPrefixes = {0xf0, 0xf2, 0xf3, 0x2e, 0x36, 0x3e,
                                                        0x26, 0x64, 0x65, 0x66, 0x67};
    const bool rex = (byte & 0xf0) == 0x40;
    for (const std::uint8_t prefix : kPrefixes) {
        if (byte == prefix) {
            return true;
        }
    }
    return rex;
}

Opcode decode(std::span<const std::uint8_t> bytes) {
    Opcode opcode;
    std::size_t at = 0;
    while (at < bytes.size() && is_prefix(bytes[at])) {
        opcode.repeat = opcode.repeat || bytes[at] == 0xf3;
        ++at;
    }
    if (at < bytes.size() && bytes[at] == 0x0f) {
        opcode.two_byte = true;
        ++at;
    }
    if (at < bytes.size()) {
        opcode.first = bytes[at++];
    }
    if (at < bytes.size()) {
        opcode.modrm = bytes[at];
    }
    return opcode;
}

std::string_view name_of(const Opcode& opcode) {
    if (!opcode.first.has_value()) {
        return {};
    }
    const unsigned reg = (opcode.modrm >> 3) & 7U;
    if (!opcode.two_byte) {
        switch (*opcode.first) {
            case 0xcc:
                return "int3";
            case 0x9b:
                return "fwait";
            default:
                return {};
        }
    }
    switch (*opcode.first) {
        case 0xb8:
            return opcode.repeat ? "popcnt" : "";
        case 0xc7:
            return reg == 1 ? "cmpxchg16b"
                            : (reg == 4 ? "xsavec"
                                        : (reg == 5 ? "xsaves" : (reg == 3 ? "xrstors" : "")));
        case 0xae:
            return reg == 4 ? "xsave" : (reg == 5 ? "xrstor" : (reg == 6 ? "xsaveopt" : ""));
        case 0x01:
            switch (opcode.modrm) {
                case 0xca:
                    return "clac";
                case 0xcb:
                    return "stac";
                case 0xc1:
                    return "vmcall";
                case 0xd1:
                    return "xsetbv";
                default:
                    return {};
            }
        default:
            return {};
    }
}

}  // namespace

std::string emulation_hint(const kvm::VcpuExit& exit) {
    const std::span<const std::uint8_t> bytes(exit.instruction.data(), exit.instruction_size);
    if (bytes.empty()) {
        return {};
    }
    const std::string_view name = name_of(decode(bytes));
    if (name.empty()) {
        return fmt::format(" (its bytes: {:02x})", fmt::join(bytes, " "));
    }
    return fmt::format(
        " ({}): a KVM without VMX or SVM lacks it in kernel mode; a guest kernel with skiff's "
        "patch "
        "avoids it when 'emulated_cpl0' is on its command line (guest-images/kernel)",
        name);
}

}  // namespace skiff::machine
