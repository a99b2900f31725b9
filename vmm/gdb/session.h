// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/gdb/packet.h"
#include "vmm/gdb/target.h"

namespace skiff::gdb {

/// One client's conversation in the GDB Remote Serial Protocol ("Debugging with GDB", appendix E),
/// from its first byte to its last. All-stop: a CPU that stops, stops all.
///
/// The client is local and trusted with the machine, but what it sends is checked like anything
/// else: a wrong packet is answered by an error. Begins with the machine standing.
class Session {
  public:
    using Send = std::function<void(std::string_view bytes)>;

    /// `send` takes what goes to the client. Both outlive the session.
    Session(Target& target, Send send);

    void receive(std::span<const std::uint8_t> bytes);
    /// The machine stands, after resume() of the target.
    void stopped(const StopEvent& event);
    /// The machine is gone, with this exit status.
    void ended(int exit_status);

    /// The client has taken its leave (D, k): nothing more is to be read.
    bool is_over() const { return over_; }
    /// It did so, and the machine goes on or ends: the target knows already.
    bool is_running() const { return running_; }

  private:
    using Handler = void (Session::*)(std::string_view arguments);
    struct Command;

    void on_packet(std::string_view body);
    void reply(std::string_view body);
    void reply_error() { reply("E01"); }
    void send_ack(char sign);
    std::string stop_reply() const;

    // registers
    void read_all_registers(std::string_view);
    void write_all_registers(std::string_view hex);
    void read_register(std::string_view number);
    void write_register(std::string_view arguments);
    const RegisterSpec* find_register(std::string_view number) const;
    // memory
    void read_memory(std::string_view arguments);
    void read_memory_binary(std::string_view arguments);
    void write_memory_hex(std::string_view arguments);
    void write_memory_binary(std::string_view arguments);
    std::optional<std::vector<std::uint8_t>> fetch(std::string_view arguments, std::size_t limit);
    void store(std::string_view place, const std::optional<std::vector<std::uint8_t>>& data);
    // running
    void resume_all(std::string_view address, ResumeAction action);
    void on_continue(std::string_view address);
    void on_continue_with_signal(std::string_view arguments);
    void on_step(std::string_view address);
    void on_step_with_signal(std::string_view arguments);
    void on_v_packet(std::string_view name);
    void v_cont(std::string_view actions);
    void start(std::span<const ResumeAction> actions);
    // breakpoints
    void insert(std::string_view arguments);
    void remove(std::string_view arguments);
    // threads and the rest
    void select_thread(std::string_view arguments);
    void is_thread_alive(std::string_view thread);
    void why_stopped(std::string_view);
    void on_detach(std::string_view);
    void on_kill(std::string_view);
    void on_query(std::string_view text);
    void on_set(std::string_view text);
    void supported(std::string_view features);
    void transfer(std::string_view arguments);
    void thread_extra_info(std::string_view thread);
    void monitor(std::string_view hex);
    std::string thread_list() const;
    std::string threads_document() const;
    std::optional<unsigned> cpu_of(std::string_view thread) const;

    Target& target_;
    Send send_;
    PacketParser parser_;
    std::string last_packet_;  // for a '-'
    bool acks_ = true;
    bool acks_end_ = false;  // after the reply that is being made
    bool reports_breakpoints_ = false;
    bool running_ = false;
    bool over_ = false;
    unsigned cpu_ = 0;         // Hg's
    unsigned resume_cpu_ = 0;  // Hc's
    bool resume_every_cpu_ = true;
    StopEvent stop_;
};

}  // namespace skiff::gdb
