// SPDX-License-Identifier: Apache-2.0
#include "vmm/gdb/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace skiff::gdb {
namespace {

// gdb's own numbers (include/gdb/signals.def).
constexpr unsigned kSignalInterrupt = 2;
constexpr unsigned kSignalTrap = 5;
constexpr unsigned kSignalSegv = 11;

unsigned signal_of(StopEvent::Kind kind) {
    switch (kind) {
        case StopEvent::Kind::kInterrupt:
            return kSignalInterrupt;
        case StopEvent::Kind::kCrash:
            return kSignalSegv;
        default:
            return kSignalTrap;
    }
}

}  // namespace

/// A packet whose first character says what it is.
struct Session::Command {
    char letter;
    Handler handler;
};

Session::Session(Target& target, Send send) : target_(target), send_(std::move(send)) {}

void Session::receive(std::span<const std::uint8_t> bytes) {
    while (!over_) {
        auto event = parser_.next(bytes);
        if (!event.has_value()) {
            return;
        }
        switch (event->kind) {
            case PacketParser::Kind::kPacket:
                send_ack('+');
                on_packet(event->body);
                break;
            case PacketParser::Kind::kDamaged:
                if (acks_) {
                    send_ack('-');
                } else {
                    reply_error();  // nobody would send it again
                }
                break;
            case PacketParser::Kind::kInterrupt:
                if (running_) {
                    target_.interrupt();
                }
                break;
            case PacketParser::Kind::kNack:
                if (acks_ && !last_packet_.empty()) {
                    send_(last_packet_);
                }
                break;
            case PacketParser::Kind::kAck:
                break;
        }
    }
}

void Session::send_ack(char sign) {
    if (acks_) {
        send_(std::string_view(&sign, 1));
    }
}

void Session::reply(std::string_view body) {
    last_packet_ = frame(body);
    send_(last_packet_);
    if (std::exchange(acks_end_, false)) {
        acks_ = false;
    }
}

void Session::on_packet(std::string_view body) {
    static constexpr std::array kCommands = {
        Command{'?', &Session::why_stopped},
        Command{'g', &Session::read_all_registers},
        Command{'G', &Session::write_all_registers},
        Command{'p', &Session::read_register},
        Command{'P', &Session::write_register},
        Command{'m', &Session::read_memory},
        Command{'M', &Session::write_memory_hex},
        Command{'x', &Session::read_memory_binary},
        Command{'X', &Session::write_memory_binary},
        Command{'c', &Session::on_continue},
        Command{'C', &Session::on_continue_with_signal},
        Command{'s', &Session::on_step},
        Command{'S', &Session::on_step_with_signal},
        Command{'v', &Session::on_v_packet},
        Command{'Z', &Session::insert},
        Command{'z', &Session::remove},
        Command{'H', &Session::select_thread},
        Command{'T', &Session::is_thread_alive},
        Command{'D', &Session::on_detach},
        Command{'k', &Session::on_kill},
        Command{'q', &Session::on_query},
        Command{'Q', &Session::on_set},
    };
    const char letter = body.empty() ? '\0' : body.front();
    if (running_ && letter != 'k') {
        // gdb asks nothing of a machine that runs, but for Ctrl-C.
        reply("E.the guest runs: interrupt it first");
        return;
    }
    const auto command = std::find_if(kCommands.begin(), kCommands.end(),
                                      [&](const Command& known) { return known.letter == letter; });
    if (command == kCommands.end()) {
        reply("");  // "not supported"
        return;
    }
    (this->*command->handler)(body.substr(1));
}

void Session::stopped(const StopEvent& event) {
    running_ = false;
    stop_ = event;
    cpu_ = event.cpu;
    if (!event.text.empty()) {
        // Console output is for a machine that runs: to the client it still does.
        reply("O" + to_hex(event.text + "\n"));
    }
    reply(stop_reply());
}

/// E.3 "Stop Reply Packets".
std::string Session::stop_reply() const {
    std::string text = fmt::format("T{:02x}", signal_of(stop_.kind));
    switch (stop_.kind) {
        case StopEvent::Kind::kSoftwareBreakpoint:
            text += reports_breakpoints_ ? "swbreak:;" : "";
            break;
        case StopEvent::Kind::kHardwareBreakpoint:
            text += reports_breakpoints_ ? "hwbreak:;" : "";
            break;
        case StopEvent::Kind::kWriteWatch:
            text += fmt::format("watch:{:x};", stop_.address);
            break;
        case StopEvent::Kind::kAccessWatch:
            text += fmt::format("awatch:{:x};", stop_.address);
            break;
        default:
            break;
    }
    return text + fmt::format("thread:{:x};core:{:x};", stop_.cpu + 1, stop_.cpu);
}

void Session::ended(int exit_status) {
    if (running_) {
        reply(fmt::format("W{:02x}", static_cast<unsigned>(exit_status) & 0xff));
    }
    over_ = true;
}

void Session::why_stopped(std::string_view) {
    reply(stop_reply());
}

/// "-1" and "0" mean any or all, and are the caller's business.
std::optional<unsigned> Session::cpu_of(std::string_view thread) const {
    const auto number = to_number(thread);
    if (!number.has_value() || *number == 0 || *number > target_.cpu_count()) {
        return std::nullopt;
    }
    return static_cast<unsigned>(*number - 1);
}

void Session::select_thread(std::string_view arguments) {
    const char operation = arguments.empty() ? '\0' : arguments.front();
    const std::string_view thread = arguments.empty() ? arguments : arguments.substr(1);
    if (operation != 'g' && operation != 'c') {
        reply("");
        return;
    }
    const bool any = thread == "-1" || thread == "0";
    const auto cpu = cpu_of(thread);
    if (!any && !cpu.has_value()) {
        reply_error();
        return;
    }
    if (operation == 'g') {
        cpu_ = cpu.value_or(cpu_);
    } else {
        resume_every_cpu_ = any;
        resume_cpu_ = cpu.value_or(0);
    }
    reply("OK");
}

void Session::is_thread_alive(std::string_view thread) {
    if (cpu_of(thread).has_value()) {
        reply("OK");
    } else {
        reply_error();
    }
}

void Session::on_detach(std::string_view) {
    reply("OK");
    over_ = running_ = true;
    target_.detach();
}

void Session::on_kill(std::string_view) {
    over_ = running_ = true;
    target_.kill();
}

}  // namespace skiff::gdb
