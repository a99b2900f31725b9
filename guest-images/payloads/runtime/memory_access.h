// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

/// Single loads and stores of exactly the width asked for: for MMIO and for memory that others
/// read.
namespace payload {

/// One `mov` from `address`.
template <typename T>
T load(std::uint64_t address) {
    T value;
    const volatile T* from = reinterpret_cast<const volatile T*>(address);
    asm volatile("mov %1, %0" : "=r"(value) : "m"(*from) : "memory");
    return value;
}

/// One `mov` to `address`.
template <typename T>
void store(std::uint64_t address, T value) {
    volatile T* to = reinterpret_cast<volatile T*>(address);
    asm volatile("mov %1, %0" : "=m"(*to) : "r"(value) : "memory");
}

/// Maps the GiB that `address` lies in to itself (the first four are mapped from the start). False
/// where there is no page directory left, or the address is not below 512 GiB.
bool map_gibibyte(std::uint64_t address);

}  // namespace payload

extern "C" {
void* memcpy(void* to, const void* from, std::size_t count);
void* memmove(void* to, const void* from, std::size_t count);
void* memset(void* to, int value, std::size_t count);
int memcmp(const void* left, const void* right, std::size_t count);
}
