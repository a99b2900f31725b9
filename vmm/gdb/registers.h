// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace skiff::gdb {

/// The registers of an x86-64 processor as gdb knows them. Plain bytes in the processor's order,
/// so that the protocol copies them by offset.
struct CpuRegisters {
    std::array<std::uint64_t, 16> general{};  ///< RAX RBX RCX RDX RSI RDI RBP RSP R8 … R15
    std::uint64_t rip = 0;
    std::uint32_t rflags = 0;
    std::array<std::uint32_t, 6> selectors{};          ///< CS SS DS ES FS GS
    std::array<std::array<std::uint8_t, 10>, 8> st{};  ///< ST0 … ST7
    /// FCTRL FSTAT FTAG FISEG FIOFF FOSEG FOOFF FOP; the tag word is the full one, 2 bits each.
    std::array<std::uint32_t, 8> x87{};
    std::array<std::array<std::uint8_t, 16>, 16> xmm{};
    std::uint32_t mxcsr = 0;
    std::uint64_t fs_base = 0;
    std::uint64_t gs_base = 0;
    std::array<std::array<std::uint8_t, 16>, 16> ymm_high{};
    /// CR0 CR2 CR3 CR4 CR8 EFER KERNEL_GS_BASE
    std::array<std::uint64_t, 7> system{};

    bool operator==(const CpuRegisters&) const = default;
};

/// One register in the order of gdb's numbers.
struct RegisterSpec {
    std::string name;
    std::size_t offset;      ///< in CpuRegisters
    std::size_t size_bytes;  ///< on the wire and there
    std::string_view type;   ///< as the target description says it
    std::string_view group;
    std::string_view feature;
};

/// Whether the guest's processor has AVX, and so gdb is told of YMM registers.
enum class VectorState { kSse, kAvx };

/// All registers that gdb is told of, by number.
std::span<const RegisterSpec> register_specs(VectorState vectors);

/// The target description (appendix G): the features that gdb knows, and one of our own with the
/// control registers.
std::string target_description(VectorState vectors);

std::span<const std::uint8_t> register_bytes(const CpuRegisters& registers,
                                             const RegisterSpec& spec);
std::span<std::uint8_t> register_bytes(CpuRegisters& registers, const RegisterSpec& spec);

}  // namespace skiff::gdb
