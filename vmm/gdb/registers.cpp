// SPDX-License-Identifier: Apache-2.0
#include "vmm/gdb/registers.h"

#include <fmt/format.h>

#include <vector>

namespace skiff::gdb {
namespace {

// "Debugging with GDB", G.5.4 "i386 Features", and gdb/features/i386/64bit-*.xml for the order.
constexpr std::string_view kCore = "org.gnu.gdb.i386.core";
constexpr std::string_view kSse = "org.gnu.gdb.i386.sse";
constexpr std::string_view kSegments = "org.gnu.gdb.i386.segments";
constexpr std::string_view kAvx = "org.gnu.gdb.i386.avx";
constexpr std::string_view kSystem = "org.skiff.x86-64.system";

class Table {
  public:
    explicit Table(VectorState vectors) {
        add_core();
        for (std::size_t i = 0; i < 16; ++i) {
            add({fmt::format("xmm{}", i), offsetof(CpuRegisters, xmm) + 16 * i, 16, "vec128",
                 "vector", kSse});
        }
        add({"mxcsr", offsetof(CpuRegisters, mxcsr), 4, "i386_mxcsr", "vector", kSse});
        add({"fs_base", offsetof(CpuRegisters, fs_base), 8, "int64", "", kSegments});
        add({"gs_base", offsetof(CpuRegisters, gs_base), 8, "int64", "", kSegments});
        if (vectors == VectorState::kAvx) {
            for (std::size_t i = 0; i < 16; ++i) {
                add({fmt::format("ymm{}h", i), offsetof(CpuRegisters, ymm_high) + 16 * i, 16,
                     "uint128", "", kAvx});
            }
        }
        add_each({"cr0", "cr2", "cr3", "cr4", "cr8", "efer", "k_gs_base"},
                 offsetof(CpuRegisters, system), 8, "uint64", "system", kSystem);
    }

    std::span<const RegisterSpec> specs() const { return specs_; }

  private:
    void add(RegisterSpec spec) { specs_.push_back(std::move(spec)); }

    void add_each(std::initializer_list<std::string_view> names, std::size_t offset,
                  std::size_t size, std::string_view type, std::string_view group,
                  std::string_view feature) {
        for (const std::string_view name : names) {
            add({std::string(name), offset, size, type, group, feature});
            offset += size;
        }
    }

    void add_core() {
        add_each({"rax", "rbx", "rcx", "rdx", "rsi", "rdi"}, offsetof(CpuRegisters, general), 8,
                 "int64", "", kCore);
        add_each({"rbp", "rsp"}, offsetof(CpuRegisters, general) + 48, 8, "data_ptr", "", kCore);
        add_each({"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"},
                 offsetof(CpuRegisters, general) + 64, 8, "int64", "", kCore);
        add({"rip", offsetof(CpuRegisters, rip), 8, "code_ptr", "", kCore});
        add({"eflags", offsetof(CpuRegisters, rflags), 4, "i386_eflags", "", kCore});
        add_each({"cs", "ss", "ds", "es", "fs", "gs"}, offsetof(CpuRegisters, selectors), 4,
                 "int32", "", kCore);
        for (std::size_t i = 0; i < 8; ++i) {
            add({fmt::format("st{}", i), offsetof(CpuRegisters, st) + 10 * i, 10, "i387_ext", "",
                 kCore});
        }
        add_each({"fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop"},
                 offsetof(CpuRegisters, x87), 4, "int", "float", kCore);
    }

    std::vector<RegisterSpec> specs_;
};

/// The types that a feature uses beside gdb's own; each feature repeats what it needs.
std::string_view types_of(std::string_view feature) {
    if (feature == kCore) {
        return R"(
  <flags id="i386_eflags" size="4">
   <field name="CF" start="0" end="0"/><field name="" start="1" end="1"/>
   <field name="PF" start="2" end="2"/><field name="AF" start="4" end="4"/>
   <field name="ZF" start="6" end="6"/><field name="SF" start="7" end="7"/>
   <field name="TF" start="8" end="8"/><field name="IF" start="9" end="9"/>
   <field name="DF" start="10" end="10"/><field name="OF" start="11" end="11"/>
   <field name="NT" start="14" end="14"/><field name="RF" start="16" end="16"/>
   <field name="VM" start="17" end="17"/><field name="AC" start="18" end="18"/>
   <field name="VIF" start="19" end="19"/><field name="VIP" start="20" end="20"/>
   <field name="ID" start="21" end="21"/>
  </flags>)";
    }
    if (feature == kSse) {
        return R"(
  <vector id="v4f" type="ieee_single" count="4"/>
  <vector id="v2d" type="ieee_double" count="2"/>
  <vector id="v16i8" type="int8" count="16"/>
  <vector id="v8i16" type="int16" count="8"/>
  <vector id="v4i32" type="int32" count="4"/>
  <vector id="v2i64" type="int64" count="2"/>
  <union id="vec128">
   <field name="v4_float" type="v4f"/><field name="v2_double" type="v2d"/>
   <field name="v16_int8" type="v16i8"/><field name="v8_int16" type="v8i16"/>
   <field name="v4_int32" type="v4i32"/><field name="v2_int64" type="v2i64"/>
   <field name="uint128" type="uint128"/>
  </union>
  <flags id="i386_mxcsr" size="4">
   <field name="IE" start="0" end="0"/><field name="DE" start="1" end="1"/>
   <field name="ZE" start="2" end="2"/><field name="OE" start="3" end="3"/>
   <field name="UE" start="4" end="4"/><field name="PE" start="5" end="5"/>
   <field name="DAZ" start="6" end="6"/><field name="IM" start="7" end="7"/>
   <field name="DM" start="8" end="8"/><field name="ZM" start="9" end="9"/>
   <field name="OM" start="10" end="10"/><field name="UM" start="11" end="11"/>
   <field name="PM" start="12" end="12"/><field name="FZ" start="15" end="15"/>
  </flags>)";
    }
    return {};
}

}  // namespace

std::span<const RegisterSpec> register_specs(VectorState vectors) {
    static const Table with_sse(VectorState::kSse);
    static const Table with_avx(VectorState::kAvx);
    return (vectors == VectorState::kAvx ? with_avx : with_sse).specs();
}

std::string target_description(VectorState vectors) {
    std::string text =
        "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target>\n"
        " <architecture>i386:x86-64</architecture>\n";
    std::string_view feature;
    std::size_t number = 0;
    for (const RegisterSpec& spec : register_specs(vectors)) {
        if (spec.feature != feature) {
            text += feature.empty() ? "" : " </feature>\n";
            feature = spec.feature;
            text += fmt::format(" <feature name=\"{}\">{}\n", feature, types_of(feature));
        }
        text += fmt::format("  <reg name=\"{}\" bitsize=\"{}\" type=\"{}\" regnum=\"{}\"",
                            spec.name, spec.size_bytes * 8, spec.type, number++);
        text += spec.group.empty() ? "/>\n" : fmt::format(" group=\"{}\"/>\n", spec.group);
    }
    text += " </feature>\n</target>\n";
    return text;
}

std::span<const std::uint8_t> register_bytes(const CpuRegisters& registers,
                                             const RegisterSpec& spec) {
    const auto* const start = reinterpret_cast<const std::uint8_t*>(&registers);
    return {start + spec.offset, spec.size_bytes};
}

std::span<std::uint8_t> register_bytes(CpuRegisters& registers, const RegisterSpec& spec) {
    auto* const start = reinterpret_cast<std::uint8_t*>(&registers);
    return {start + spec.offset, spec.size_bytes};
}

}  // namespace skiff::gdb
