// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Instructions that C++ has no word for.
namespace payload {

inline std::uint64_t read_msr(std::uint32_t msr) {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return std::uint64_t{high} << 32 | low;
}

inline void write_msr(std::uint32_t msr, std::uint64_t value) {
    asm volatile("wrmsr"
                 :
                 : "c"(msr), "a"(static_cast<std::uint32_t>(value)),
                   "d"(static_cast<std::uint32_t>(value >> 32))
                 : "memory");
}

struct CpuidResult {
    std::uint32_t eax;
    std::uint32_t ebx;
    std::uint32_t ecx;
    std::uint32_t edx;
};

inline CpuidResult cpuid(std::uint32_t leaf, std::uint32_t subleaf = 0) {
    CpuidResult result;
    asm volatile("cpuid"
                 : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                 : "a"(leaf), "c"(subleaf));
    return result;
}

inline std::uint64_t read_tsc() {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    asm volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return std::uint64_t{high} << 32 | low;
}

inline void relax() {
    asm volatile("pause" : : : "memory");
}
inline void disable_interrupts() {
    asm volatile("cli" : : : "memory");
}
inline void enable_interrupts() {
    asm volatile("sti" : : : "memory");
}
inline void halt() {
    asm volatile("hlt" : : : "memory");
}

/// Waits for one interrupt, with none lost between looking and waiting: call it with interrupts
/// off; they are off again when it returns.
inline void wait_for_interrupt() {
    asm volatile("sti; hlt; cli" : : : "memory");
}

}  // namespace payload
