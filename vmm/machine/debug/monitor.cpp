// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/debug/monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "vmm/kvm/x86_64/debug_state.h"
#include "vmm/machine/debug/limits.h"
#include "vmm/machine/dump/crash_dump.h"

namespace skiff::machine {
namespace {

constexpr std::uint64_t kMaxDump = 1024;
constexpr std::size_t kMaxWords = 64;

using Words = std::vector<std::string_view>;

struct MonitorCommand {
    std::string_view name;
    std::string_view help;
    std::string (*run)(const Words& words, const MonitorScene& scene);
};

/// Hexadecimal with or without 0x, as gdb prints addresses.
std::optional<std::uint64_t> number(std::string_view text) {
    if (text.starts_with("0x") || text.starts_with("0X")) {
        text.remove_prefix(2);
    }
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, failure] = std::from_chars(text.data(), end, value, 16);
    return failure == std::errc() && rest == end && !text.empty() ? std::optional(value)
                                                                  : std::nullopt;
}

std::optional<std::uint64_t> number(const Words& words, std::size_t index) {
    return index < words.size() ? number(words[index]) : std::nullopt;
}

std::string read_physical(const Words& words, const MonitorScene& scene) {
    const auto address = number(words, 1);
    const auto size = words.size() > 2 ? number(words, 2) : std::optional<std::uint64_t>(64);
    if (!address.has_value() || !size.has_value() || *size == 0 || *size > kMaxDump) {
        return "usage: xp ADDRESS [BYTES], in hex, at most 400 bytes\n";
    }
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(*size));
    if (!scene.memory.read_physical(GuestAddress(*address), bytes)) {
        return fmt::format("{:#x} is not guest memory\n", *address);
    }
    return hex_dump(*address, bytes);
}

std::string write_physical(const Words& words, const MonitorScene& scene) {
    const auto address = number(words, 1);
    std::vector<std::uint8_t> bytes;
    for (std::size_t i = 2; i < words.size(); ++i) {
        const auto byte = number(words[i]);
        if (!byte.has_value() || *byte > 0xff) {
            bytes.clear();
            break;
        }
        bytes.push_back(static_cast<std::uint8_t>(*byte));
    }
    if (!address.has_value() || bytes.empty()) {
        return "usage: wp ADDRESS BYTE..., in hex\n";
    }
    if (!scene.memory.write_physical(GuestAddress(*address), bytes)) {
        return fmt::format("{:#x} is not guest memory\n", *address);
    }
    return fmt::format("{} bytes written\n", bytes.size());
}

std::string translate(const Words& words, const MonitorScene& scene) {
    const auto address = number(words, 1);
    if (!address.has_value()) {
        return "usage: walk ADDRESS, in hex\n";
    }
    const auto physical = scene.memory.translate(*address);
    if (!physical.has_value()) {
        return fmt::format("{:#x} is not mapped\n", *address);
    }
    return fmt::format("{:#x} is at guest physical {:#x}\n", *address, physical->value());
}

std::string read_msr(const Words& words, const MonitorScene& scene) {
    const auto index = number(words, 1);
    if (!index.has_value() || *index > 0xffff'ffff) {
        return "usage: msr NUMBER, in hex, as in: msr c0000082\n";
    }
    const auto value = kvm::x86_64::read_msr(scene.vcpu, static_cast<std::uint32_t>(*index));
    if (!value.has_value()) {
        return fmt::format("KVM knows no MSR {:#x}\n", *index);
    }
    return fmt::format("MSR {:#x} = {:#018x}\n", *index, *value);
}

std::string show_registers(const Words& /*words*/, const MonitorScene& scene) {
    const auto state = kvm::x86_64::read_debug_state(scene.vcpu);
    if (!state.ok()) {
        return state.error().message() + "\n";
    }
    constexpr std::array<std::string_view, 16> kNames = {"RAX", "RBX", "RCX", "RDX", "RSI", "RDI",
                                                         "RBP", "RSP", "R8",  "R9",  "R10", "R11",
                                                         "R12", "R13", "R14", "R15"};
    std::string text = fmt::format("vCPU {}: {}\n", scene.vcpu.index(), describe_cpu(scene.vcpu));
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        text += fmt::format("{:<3} {:016x}{}", kNames.at(i), state->general.at(i),
                            i % 4 == 3 ? "\n" : "  ");
    }
    return text + fmt::format(
                      "RIP {:016x}  RFLAGS {:08x}  CPL {}\n"
                      "CR0 {:08x}  CR2 {:016x}  CR3 {:016x}  CR4 {:08x}  CR8 {:x}  EFER {:04x}\n"
                      "FS base {:016x}  GS base {:016x}  kernel GS base {:016x}\n",
                      state->rip, state->rflags, state->cpl, state->cr0, state->cr2, state->cr3,
                      state->cr4, state->cr8, state->efer, state->fs_base, state->gs_base,
                      state->kernel_gs_base);
}

std::string write_core(const Words& words, const MonitorScene& scene) {
    if (words.size() != 2) {
        return "usage: core FILE\n";
    }
    const auto written = write_core_file(std::string(words[1]), scene.ram, scene.vcpus);
    return (written.ok() ? *written : written.error().message()) + "\n";
}

std::string show_limits(const Words& /*words*/, const MonitorScene& scene) {
    const std::string limits = describe_limits(scene.support);
    return (limits.empty() ? "this host's KVM debugs guests without limits" : limits) + "\n";
}

std::string quit(const Words& /*words*/, const MonitorScene& scene) {
    scene.latch.stop({.kind = ExitReason::Kind::kUserQuit,
                      .value = 0,
                      .detail = "ended by the debugger",
                      .vcpu = {}});
    return "the machine ends\n";
}

std::string reset(const Words& /*words*/, const MonitorScene& scene) {
    scene.latch.reset(0);
    return "the machine ends, as when the guest resets itself\n";
}

std::string help(const Words& words, const MonitorScene& scene);

constexpr std::array kCommands = {
    MonitorCommand{"help", "this list", help},
    MonitorCommand{"xp", "ADDRESS [BYTES]: show guest physical memory", read_physical},
    MonitorCommand{"wp", "ADDRESS BYTE...: write guest physical memory", write_physical},
    MonitorCommand{"walk", "ADDRESS: where a virtual address is in guest physical memory",
                   translate},
    MonitorCommand{"msr", "NUMBER: show a model-specific register", read_msr},
    MonitorCommand{"regs", "show the selected vCPU's registers with the control registers",
                   show_registers},
    MonitorCommand{"core", "FILE: write the guest as an ELF core, on skiff's host", write_core},
    MonitorCommand{"limits", "what this host's KVM cannot debug", show_limits},
    MonitorCommand{"reset", "end the machine as a reset by the guest does", reset},
    MonitorCommand{"quit", "end the machine", quit},
};

std::string help(const Words& /*words*/, const MonitorScene& /*scene*/) {
    std::string text = "Numbers are hexadecimal.\n";
    for (const MonitorCommand& command : kCommands) {
        text += fmt::format("{:<7} {}\n", command.name, command.help);
    }
    return text;
}

Words split(std::string_view line) {
    Words words;
    while (words.size() < kMaxWords) {
        const std::size_t start = line.find_first_not_of(" \t\n");
        if (start == std::string_view::npos) {
            break;
        }
        line.remove_prefix(start);
        const std::size_t end = line.find_first_of(" \t\n");
        words.push_back(line.substr(0, end));
        line = end == std::string_view::npos ? std::string_view{} : line.substr(end);
    }
    return words;
}

}  // namespace

std::string run_monitor(std::string_view line, const MonitorScene& scene) {
    const Words words = split(line);
    if (words.empty()) {
        return help(words, scene);
    }
    const auto command =
        std::find_if(kCommands.begin(), kCommands.end(),
                     [&](const MonitorCommand& known) { return known.name == words.front(); });
    if (command == kCommands.end()) {
        return "no such command: see 'monitor help'\n";
    }
    return command->run(words, scene);
}

std::string describe_cpu(const kvm::Vcpu& vcpu) {
    const auto state = kvm::x86_64::read_paging_state(vcpu);
    if (!state.ok()) {
        return state.error().message();
    }
    if ((state->cr0 & 1) == 0) {
        return "real mode";
    }
    return fmt::format("{} mode, {}", state->cpl == 3 ? "user" : "kernel",
                       (state->efer & 0x400) != 0 ? "64-bit" : "32-bit");
}

std::string hex_dump(std::uint64_t address, std::span<const std::uint8_t> bytes) {
    constexpr std::size_t kPerLine = 16;
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += kPerLine) {
        const auto part = bytes.subspan(at, std::min(kPerLine, bytes.size() - at));
        std::string characters;
        for (const std::uint8_t byte : part) {
            characters += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.';
        }
        text += fmt::format("{:016x}: {:<47}  {}\n", address + at,
                            fmt::format("{:02x}", fmt::join(part, " ")), characters);
    }
    return text;
}

}  // namespace skiff::machine
