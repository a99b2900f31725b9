// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "vmm/gdb/target.h"

namespace skiff::test {

/// A machine without KVM: two CPUs, and 4 KiB of memory at 0x1000.
class FakeDebugTarget : public gdb::Target {
  public:
    static constexpr std::uint64_t kMemory = 0x1000;

    unsigned cpu_count() const override { return 2; }
    gdb::VectorState vectors() const override { return gdb::VectorState::kAvx; }
    std::optional<gdb::CpuRegisters> read_registers(unsigned cpu) override {
        return registers.at(cpu);
    }
    bool write_registers(unsigned cpu, const gdb::CpuRegisters& written) override {
        registers.at(cpu) = written;
        return true;
    }
    std::size_t read_memory(unsigned, std::uint64_t address, std::span<std::uint8_t> to) override {
        if (address < kMemory || address - kMemory >= memory.size()) {
            return 0;
        }
        const auto start = static_cast<std::size_t>(address - kMemory);
        const std::size_t size = std::min(to.size(), memory.size() - start);
        std::copy_n(memory.begin() + static_cast<std::ptrdiff_t>(start), size, to.begin());
        return size;
    }
    bool write_memory(unsigned, std::uint64_t address,
                      std::span<const std::uint8_t> from) override {
        if (address < kMemory || address - kMemory > memory.size() ||
            from.size() > memory.size() - (address - kMemory)) {
            return false;
        }
        std::copy(from.begin(), from.end(),
                  memory.begin() + static_cast<std::ptrdiff_t>(address - kMemory));
        return true;
    }
    std::optional<std::string> insert(unsigned, const gdb::Breakpoint& breakpoint) override {
        breakpoints.push_back(breakpoint);
        return refusal;
    }
    void remove(const gdb::Breakpoint& breakpoint) override {
        breakpoints.erase(std::remove(breakpoints.begin(), breakpoints.end(), breakpoint),
                          breakpoints.end());
    }
    void remove_all() override { breakpoints.clear(); }
    std::optional<std::string> resume(std::span<const gdb::ResumeAction> actions) override {
        if (!refusal.has_value()) {
            resumed.assign(actions.begin(), actions.end());
        }
        return refusal;
    }
    void interrupt() override { ++interrupts; }
    void detach() override { ++detaches; }
    void kill() override { ++kills; }
    std::string describe_cpu(unsigned cpu) override { return cpu == 0 ? "busy" : "<halted>"; }
    std::string monitor(unsigned, const std::string& command) override { return command + "!\n"; }

    std::vector<gdb::CpuRegisters> registers{2};
    std::vector<std::uint8_t> memory = std::vector<std::uint8_t>(4096);
    std::vector<gdb::Breakpoint> breakpoints;
    std::vector<gdb::ResumeAction> resumed;
    std::optional<std::string> refusal;
    int interrupts = 0;
    int detaches = 0;
    int kills = 0;
};

}  // namespace skiff::test
