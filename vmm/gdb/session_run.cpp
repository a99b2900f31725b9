// SPDX-License-Identifier: Apache-2.0
// Letting the machine go on, and breakpoints: c C s S vCont vKill Z z.
#include <algorithm>

#include "vmm/gdb/session.h"

namespace skiff::gdb {
namespace {

/// "c", "s", "C05", "S05" or "rSTART,END" of vCont; a signal has no meaning for a machine.
std::optional<ResumeAction> parse_action(std::string_view text) {
    if (text.empty()) {
        return std::nullopt;
    }
    switch (text.front()) {
        case 'c':
        case 'C':
            return ResumeAction{.kind = ResumeAction::Kind::kContinue};
        case 's':
        case 'S':
            return ResumeAction{.kind = ResumeAction::Kind::kStep};
        case 'r': {
            text.remove_prefix(1);
            const auto start = to_number(take_until(text, ','));
            const auto end = to_number(text);
            if (!start.has_value() || !end.has_value()) {
                return std::nullopt;
            }
            return ResumeAction{
                .kind = ResumeAction::Kind::kStep, .range_start = *start, .range_end = *end};
        }
        default:
            return std::nullopt;
    }
}

/// "KIND,ADDRESS,SIZE" and, for Z, perhaps ";conditions", which we did not offer to know.
std::optional<Breakpoint> parse_breakpoint(std::string_view text) {
    const auto type = to_number(take_until(text, ','));
    const auto address = to_number(take_until(text, ','));
    const auto size = to_number(take_until(text, ';'));
    if (!type.has_value() || *type > 4 || !address.has_value() || !size.has_value()) {
        return std::nullopt;
    }
    return Breakpoint{.kind = static_cast<BreakpointKind>(*type),
                      .address = *address,
                      // For code it is the length of the breakpoint instruction, which is ours.
                      .size_bytes = *type < 2 ? 1 : *size};
}

}  // namespace

void Session::start(std::span<const ResumeAction> actions) {
    if (const auto refusal = target_.resume(actions)) {
        reply("E." + *refusal);
        return;
    }
    running_ = true;
}

/// c and s, with an address to go on at or without. Others than the one that Hc chose go on too.
void Session::resume_all(std::string_view address, ResumeAction action) {
    const unsigned cpu = resume_every_cpu_ ? cpu_ : resume_cpu_;
    if (!address.empty()) {
        const auto rip = to_number(address);
        auto registers = target_.read_registers(cpu);
        if (!rip.has_value() || !registers.has_value()) {
            reply_error();
            return;
        }
        registers->rip = *rip;
        if (!target_.write_registers(cpu, *registers)) {
            reply_error();
            return;
        }
    }
    std::vector<ResumeAction> actions(target_.cpu_count(), {.kind = ResumeAction::Kind::kContinue});
    actions.at(cpu) = action;
    start(actions);
}

void Session::on_continue(std::string_view address) {
    resume_all(address, {.kind = ResumeAction::Kind::kContinue});
}

void Session::on_continue_with_signal(std::string_view arguments) {
    take_until(arguments, ';');
    on_continue(arguments);
}

void Session::on_step(std::string_view address) {
    resume_all(address, {.kind = ResumeAction::Kind::kStep});
}

void Session::on_step_with_signal(std::string_view arguments) {
    take_until(arguments, ';');
    on_step(arguments);
}

void Session::on_v_packet(std::string_view name) {
    if (name == "Cont?") {
        reply("vCont;c;C;s;S;r");
    } else if (name.starts_with("Cont;")) {
        v_cont(name.substr(5));
    } else if (name.starts_with("Kill;")) {
        reply("OK");
        on_kill({});
    } else {
        reply("");  // vMustReplyEmpty is one of these
    }
}

/// E.2, vCont: of the actions, the first that names a thread is its own; one without a thread is
/// for all that have none yet; who has none at the end stays.
void Session::v_cont(std::string_view actions) {
    std::vector<ResumeAction> chosen(target_.cpu_count());
    std::vector<bool> is_chosen(chosen.size(), false);
    while (!actions.empty()) {
        std::string_view thread = take_until(actions, ';');
        const bool for_all = thread.find(':') == std::string_view::npos;
        const auto action = parse_action(take_until(thread, ':'));
        const bool every = for_all || thread == "-1";
        const auto only = every ? std::nullopt : cpu_of(thread);
        if (!action.has_value() || (!every && !only.has_value())) {
            reply_error();
            return;
        }
        for (unsigned cpu = 0; cpu < chosen.size(); ++cpu) {
            if (!is_chosen[cpu] && (every || *only == cpu)) {
                chosen[cpu] = *action;
                is_chosen[cpu] = true;
            }
        }
    }
    if (std::find(is_chosen.begin(), is_chosen.end(), true) == is_chosen.end()) {
        reply_error();  // nobody would ever stop
        return;
    }
    start(chosen);
}

void Session::insert(std::string_view arguments) {
    const auto breakpoint = parse_breakpoint(arguments);
    if (!breakpoint.has_value()) {
        reply_error();
    } else if (breakpoint->kind == BreakpointKind::kReadWatch) {
        reply("");  // x86 has none: the client then takes one for all accesses
    } else if (const auto refusal = target_.insert(cpu_, *breakpoint)) {
        reply("E." + *refusal);
    } else {
        reply("OK");
    }
}

void Session::remove(std::string_view arguments) {
    const auto breakpoint = parse_breakpoint(arguments);
    if (!breakpoint.has_value()) {
        reply_error();
        return;
    }
    target_.remove(*breakpoint);
    reply("OK");
}

}  // namespace skiff::gdb
