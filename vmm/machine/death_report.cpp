// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/death_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "base/units.h"
#include "boot/symbols.h"
#include "vmm/machine/careful_memory.h"
#include "vmm/machine/trace_symbols.h"

namespace skiff::machine {
namespace {

constexpr std::size_t kConsoleLines = 20;
/// A stack trace with registers and modules has some fifty lines.
constexpr std::size_t kTraceLines = 120;
constexpr std::size_t kInstructionBytes = 16;
constexpr std::size_t kMaxVcpusShown = 8;

/// Guest bytes at a linear address, up to the end of its page or of RAM.
std::vector<std::uint8_t> bytes_at(const DeathScene& scene, const kvm::Vcpu& vcpu,
                                   std::uint64_t linear_address) {
    const auto physical = vcpu.translate(linear_address);
    if (!physical.has_value()) {
        return {};
    }
    const std::uint64_t left_in_page = kPageSize - (physical->value() & (kPageSize - 1));
    std::vector<std::uint8_t> bytes(std::min<std::uint64_t>(kInstructionBytes, left_in_page));
    if (!read_carefully(scene.memory, *physical, bytes)) {
        return {};
    }
    return bytes;
}

std::string mode_of(const kvm::RegisterDump& registers) {
    if ((registers.cr0 & 1) == 0) {
        return "real mode";
    }
    return fmt::format("CPL {}, {}", registers.cpl(), registers.long_mode() ? "64-bit" : "32-bit");
}

std::string where(const DeathScene& scene, const boot::SymbolTable* symbols, const kvm::Vcpu& vcpu,
                  const kvm::RegisterDump& registers) {
    const std::uint64_t base = registers.long_mode() ? 0 : registers.cs.base;
    const std::uint64_t linear = base + registers.rip;
    std::string symbol;
    if (symbols != nullptr) {
        symbol = symbols->find(linear - scene.symbol_offset).value_or("");
        if (!symbol.empty()) {
            symbol = " " + symbol;
        }
    }
    const auto bytes = bytes_at(scene, vcpu, linear);
    const std::string code =
        bytes.empty() ? "not readable" : fmt::format("{:02x}", fmt::join(bytes, " "));
    return fmt::format("  vCPU {}: RIP {:#018x}{} ({})\n  code at RIP: {}\n", vcpu.index(),
                       registers.rip, symbol, mode_of(registers), code);
}

std::string all_registers(const kvm::RegisterDump& r) {
    return fmt::format(
        "  RAX {:016x} RBX {:016x} RCX {:016x} RDX {:016x}\n"
        "  RSI {:016x} RDI {:016x} RBP {:016x} RSP {:016x}\n"
        "  R8  {:016x} R9  {:016x} R10 {:016x} R11 {:016x}\n"
        "  R12 {:016x} R13 {:016x} R14 {:016x} R15 {:016x}\n"
        "  RFLAGS {:08x} CR0 {:08x} CR2 {:016x} CR3 {:016x} CR4 {:08x} EFER {:04x}\n"
        "  CS {:04x} SS {:04x} DS {:04x} ES {:04x} FS {:04x} (base {:016x}) GS {:04x} (base "
        "{:016x})\n",
        r.rax, r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp, r.rsp, r.r8, r.r9, r.r10, r.r11, r.r12,
        r.r13, r.r14, r.r15, r.rflags, r.cr0, r.cr2, r.cr3, r.cr4, r.efer, r.cs.selector,
        r.ss.selector, r.ds.selector, r.es.selector, r.fs.selector, r.fs.base, r.gs.selector,
        r.gs.base);
}

/// What the kernel has to have said at least for a reason to be given.
std::optional<KernelTrouble> trouble_behind(const ExitReason& reason) {
    switch (reason.kind) {
        case ExitReason::Kind::kKernelWarning:
            return KernelTrouble::kWarning;
        case ExitReason::Kind::kKernelLockup:
            return KernelTrouble::kLockup;
        case ExitReason::Kind::kKernelOops:
        case ExitReason::Kind::kKernelPanic:
            return KernelTrouble::kOops;
        default:
            return std::nullopt;
    }
}

std::string last_console_lines(const ExitReason& reason, const DeathScene& scene,
                               const boot::SymbolTable* symbols) {
    std::vector<std::string> lines;
    if (const auto trouble = trouble_behind(reason)) {
        lines = scene.console.lines_since(*trouble, kTraceLines);
    }
    if (lines.empty()) {
        lines = scene.console.last_lines(kConsoleLines);
    }
    bool is_news = !scene.console_was_shown;
    for (std::string& line : lines) {
        std::string named =
            symbols != nullptr ? with_symbols(line, *symbols, scene.symbol_offset) : line;
        is_news = is_news || named != line;
        line = std::move(named);
    }
    if (!is_news || lines.empty()) {
        return {};
    }
    return fmt::format("  last console lines:\n    {}\n", fmt::join(lines, "\n    "));
}

/// Whether the console tells where the kernel was, so that the registers need not.
bool has_a_trace(const ExitReason& reason) {
    return trouble_behind(reason).has_value() && reason.kind != ExitReason::Kind::kKernelLockup;
}

/// Whether a vCPU that shut down is as INIT leaves it. AMD's SVM defines no state after a shutdown,
/// so KVM gives the vCPU an INIT there (AMD APM 2, 15.14.3; svm.c, shutdown_interception).
bool lost_its_registers(const kvm::Vcpu& vcpu) {
    const auto registers = vcpu.registers();
    return registers.ok() && registers->rip == 0xfff0 && registers->cs.selector == 0xf000 &&
           (registers->cr0 & 1) == 0;
}

std::string vcpu_part(const DeathScene& scene, const boot::SymbolTable* symbols,
                      const kvm::Vcpu& vcpu, bool with_registers) {
    const auto registers = vcpu.registers();
    if (!registers) {
        return fmt::format("  vCPU {}: {}\n", vcpu.index(), registers.error().message());
    }
    std::string text = where(scene, symbols, vcpu, *registers);
    if (with_registers) {
        text += all_registers(*registers);
    }
    return text;
}

}  // namespace

bool is_death(const ExitReason& reason) {
    switch (reason.kind) {
        case ExitReason::Kind::kKernelPanic:
        case ExitReason::Kind::kKernelOops:
        case ExitReason::Kind::kKernelWarning:
        case ExitReason::Kind::kKernelLockup:
        case ExitReason::Kind::kSilence:
        case ExitReason::Kind::kTripleFault:
        case ExitReason::Kind::kKvmFailed:
        case ExitReason::Kind::kTimeout:
        case ExitReason::Kind::kHostError:
        case ExitReason::Kind::kCommandLost:
            return true;
        case ExitReason::Kind::kPowerOff:
        case ExitReason::Kind::kReset:
        case ExitReason::Kind::kDebugExit:
        case ExitReason::Kind::kUserQuit:
        case ExitReason::Kind::kSignal:
        case ExitReason::Kind::kForced:
        case ExitReason::Kind::kCommandEnded:
            return false;
    }
    return true;
}

std::string death_report(const ExitReason& reason, const DeathScene& scene) {
    std::string text = fmt::format("{} (status {})\n", describe(reason), exit_status(reason));
    // Without symbols (a stripped kernel, a file that is gone by now) the addresses must do.
    const auto loaded = boot::SymbolTable::load(scene.symbol_file);
    const boot::SymbolTable* symbols = loaded.ok() ? &*loaded : nullptr;
    const bool one_vcpu = reason.vcpu.has_value();
    if (one_vcpu && reason.kind == ExitReason::Kind::kTripleFault &&
        lost_its_registers(scene.vcpus.at(*reason.vcpu))) {
        text += fmt::format("  vCPU {}: its registers are lost, KVM on SVM resets them\n",
                            *reason.vcpu);
    } else if (one_vcpu) {
        text += vcpu_part(scene, symbols, scene.vcpus.at(*reason.vcpu), true);
    } else if (!has_a_trace(reason) && reason.kind != ExitReason::Kind::kCommandLost) {
        // Nobody in particular stopped, so where everybody was is what there is to tell.
        const std::size_t shown = std::min(kMaxVcpusShown, scene.vcpus.size());
        for (std::size_t i = 0; i < shown; ++i) {
            text += vcpu_part(scene, symbols, scene.vcpus[i], false);
        }
    }
    text += last_console_lines(reason, scene, symbols);
    text.pop_back();
    return text;
}

}  // namespace skiff::machine
