// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

/// Port input and output, single and string (`rep ins`, `rep outs`).
namespace payload {

inline std::uint8_t in8(std::uint16_t port) {
    std::uint8_t value = 0;
    asm volatile("inb %w1, %b0" : "=a"(value) : "Nd"(port));
    return value;
}

inline std::uint16_t in16(std::uint16_t port) {
    std::uint16_t value = 0;
    asm volatile("inw %w1, %w0" : "=a"(value) : "Nd"(port));
    return value;
}

inline std::uint32_t in32(std::uint16_t port) {
    std::uint32_t value = 0;
    asm volatile("inl %w1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

inline void out8(std::uint16_t port, std::uint8_t value) {
    asm volatile("outb %b0, %w1" : : "a"(value), "Nd"(port));
}

inline void out16(std::uint16_t port, std::uint16_t value) {
    asm volatile("outw %w0, %w1" : : "a"(value), "Nd"(port));
}

inline void out32(std::uint16_t port, std::uint32_t value) {
    asm volatile("outl %0, %w1" : : "a"(value), "Nd"(port));
}

inline void in8_string(std::uint16_t port, std::uint8_t* to, std::size_t count) {
    asm volatile("rep insb" : "+D"(to), "+c"(count) : "d"(port) : "memory");
}

inline void in16_string(std::uint16_t port, std::uint16_t* to, std::size_t count) {
    asm volatile("rep insw" : "+D"(to), "+c"(count) : "d"(port) : "memory");
}

inline void in32_string(std::uint16_t port, std::uint32_t* to, std::size_t count) {
    asm volatile("rep insl" : "+D"(to), "+c"(count) : "d"(port) : "memory");
}

inline void out8_string(std::uint16_t port, const std::uint8_t* from, std::size_t count) {
    asm volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(port) : "memory");
}

inline void out32_string(std::uint16_t port, const std::uint32_t* from, std::size_t count) {
    asm volatile("rep outsl" : "+S"(from), "+c"(count) : "d"(port) : "memory");
}

}  // namespace payload
