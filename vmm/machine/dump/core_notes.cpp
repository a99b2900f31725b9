// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/dump/core_notes.h"

#include <elf.h>
#include <sys/procfs.h>

#include <algorithm>
#include <cstring>

#include "vmm/kvm/x86_64/debug_state.h"

namespace skiff::machine {
namespace {

static_assert(sizeof(prstatus_t) == 336);
static_assert(sizeof(elf_gregset_t) == sizeof(user_regs_struct));

/// Positions in DebugState::general.
enum General { kRax, kRbx, kRcx, kRdx, kRsi, kRdi, kRbp, kRsp };
/// Positions in DebugState::selectors.
enum Selector { kCs, kSs, kDs, kEs, kFs, kGs };

user_regs_struct to_user_regs(const kvm::x86_64::DebugState& state) {
    user_regs_struct regs{};
    const auto general = [&state](std::size_t index) { return state.general.at(index); };
    regs.rax = general(kRax);
    regs.rbx = general(kRbx);
    regs.rcx = general(kRcx);
    regs.rdx = general(kRdx);
    regs.rsi = general(kRsi);
    regs.rdi = general(kRdi);
    regs.rbp = general(kRbp);
    regs.rsp = general(kRsp);
    regs.r8 = general(8);
    regs.r9 = general(9);
    regs.r10 = general(10);
    regs.r11 = general(11);
    regs.r12 = general(12);
    regs.r13 = general(13);
    regs.r14 = general(14);
    regs.r15 = general(15);
    regs.orig_rax = ~std::uint64_t{0};  // no system call is being restarted
    regs.rip = state.code_base + state.rip;
    regs.eflags = state.rflags;
    regs.cs = state.selectors.at(kCs);
    regs.ss = state.selectors.at(kSs);
    regs.ds = state.selectors.at(kDs);
    regs.es = state.selectors.at(kEs);
    regs.fs = state.selectors.at(kFs);
    regs.gs = state.selectors.at(kGs);
    regs.fs_base = state.fs_base;
    regs.gs_base = state.gs_base;
    return regs;
}

template <typename T>
std::span<const std::uint8_t> bytes_of(const T& value) {
    return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

void pad(std::vector<std::uint8_t>& notes) {
    notes.resize((notes.size() + 3) & ~std::size_t{3});
}

}  // namespace

void add_note(std::vector<std::uint8_t>& notes, std::string_view owner, std::uint32_t type,
              std::span<const std::uint8_t> description) {
    const Elf64_Nhdr header{.n_namesz = static_cast<Elf64_Word>(owner.size() + 1),
                            .n_descsz = static_cast<Elf64_Word>(description.size()),
                            .n_type = type};
    const auto header_bytes = bytes_of(header);
    notes.insert(notes.end(), header_bytes.begin(), header_bytes.end());
    notes.insert(notes.end(), owner.begin(), owner.end());
    notes.push_back(0);
    pad(notes);
    notes.insert(notes.end(), description.begin(), description.end());
    pad(notes);
}

Result<void> add_vcpu_notes(std::vector<std::uint8_t>& notes, const kvm::Vcpu& vcpu) {
    SKIFF_ASSIGN_OR_RETURN(const auto state, kvm::x86_64::read_debug_state(vcpu));
    prstatus_t status{};
    status.pr_pid = static_cast<pid_t>(vcpu.index() + 1);
    const user_regs_struct regs = to_user_regs(state);
    std::memcpy(&status.pr_reg, &regs, sizeof regs);
    status.pr_fpvalid = 1;
    add_note(notes, "CORE", NT_PRSTATUS, bytes_of(status));
    add_note(notes, "CORE", NT_FPREGSET, state.fxsave);
    return {};
}

std::string_view vmcoreinfo_in(std::span<const std::uint8_t> page) {
    constexpr std::string_view kBeginning = "OSRELEASE=";
    constexpr std::string_view kEveryoneHas = "\nPAGESIZE=";
    const std::string_view text(reinterpret_cast<const char*>(page.data()), page.size());
    if (!text.starts_with(kBeginning)) {
        return {};
    }
    const std::string_view content = text.substr(0, text.find('\0'));
    const bool is_text = std::all_of(content.begin(), content.end(),
                                     [](char c) { return (c >= ' ' && c <= '~') || c == '\n'; });
    return is_text && content.find(kEveryoneHas) != std::string_view::npos ? content
                                                                           : std::string_view{};
}

}  // namespace skiff::machine
