// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vmm/gdb/registers.h"

namespace skiff::gdb {

/// Why the machine stands.
struct StopEvent {
    enum class Kind {
        kInterrupt,           ///< The client asked for it, by Ctrl-C or by coming.
        kStep,                ///< A single step ended.
        kSoftwareBreakpoint,  ///< Before the instruction at the breakpoint.
        kHardwareBreakpoint,
        kWriteWatch,   ///< After the access to `address`.
        kAccessWatch,  ///< Likewise.
        kCrash,        ///< The guest cannot go on: `text` says why.
        kRefused,      ///< skiff cannot do what was asked for: `text` says why.
    };
    Kind kind = Kind::kInterrupt;
    unsigned cpu = 0;
    std::uint64_t address = 0;  ///< The watched address, for the watches.
    std::string text = {};
};

enum class BreakpointKind { kSoftware, kHardware, kWriteWatch, kReadWatch, kAccessWatch };

struct Breakpoint {
    BreakpointKind kind = BreakpointKind::kSoftware;
    std::uint64_t address = 0;  ///< Guest virtual.
    std::uint64_t size_bytes = 1;

    bool operator==(const Breakpoint&) const = default;
};

/// What a CPU does when the machine goes on.
struct ResumeAction {
    enum class Kind { kStay, kContinue, kStep };
    Kind kind = Kind::kStay;
    /// kStep: while RIP is in this range the step goes on; empty for a single one.
    std::uint64_t range_start = 0, range_end = 0;
};

/// The machine that is debugged, as the protocol sees it. All calls come on one thread; all but
/// interrupt() and kill() only while the machine stands. Errors are texts for people.
class Target {
  public:
    virtual ~Target() = default;

    virtual unsigned cpu_count() const = 0;
    virtual VectorState vectors() const = 0;

    virtual std::optional<CpuRegisters> read_registers(unsigned cpu) = 0;
    [[nodiscard]] virtual bool write_registers(unsigned cpu, const CpuRegisters& registers) = 0;

    /// Copies from guest virtual memory as `cpu` sees it; how many bytes from the start of `to`.
    virtual std::size_t read_memory(unsigned cpu, std::uint64_t address,
                                    std::span<std::uint8_t> to) = 0;
    /// All or, where a part is not writable, false (and what came before it is written).
    [[nodiscard]] virtual bool write_memory(unsigned cpu, std::uint64_t address,
                                            std::span<const std::uint8_t> from) = 0;

    /// Nothing where it is done, else why not. What is there already is done.
    virtual std::optional<std::string> insert(unsigned cpu, const Breakpoint& breakpoint) = 0;
    virtual void remove(const Breakpoint& breakpoint) = 0;
    /// Those that a client before left behind.
    virtual void remove_all() = 0;

    /// Lets the machine go on, an action a CPU; nothing, or why not. A StopEvent follows.
    virtual std::optional<std::string> resume(std::span<const ResumeAction> actions) = 0;
    /// Asks for a StopEvent soon, whether the machine goes on or stands.
    virtual void interrupt() = 0;
    /// Takes all breakpoints away and lets the machine go on for good.
    virtual void detach() = 0;
    /// Ends the machine.
    virtual void kill() = 0;

    /// A few words on what a CPU does: "halted", "kernel mode".
    virtual std::string describe_cpu(unsigned cpu) = 0;
    /// What the user typed after `monitor`; the answer for people.
    virtual std::string monitor(unsigned cpu, const std::string& command) = 0;
};

}  // namespace skiff::gdb
