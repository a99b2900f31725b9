// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace skiff::kvm {

class Kvm;
class Vcpu;

namespace x86_64 {

class CpuidTable;

/// What bits of a register become: those of `mask` are taken from `value`, the others stay.
template <typename Word>
struct BitMask {
    Word mask = 0;
    Word value = 0;  ///< No bits outside of `mask`.

    constexpr Word apply(Word old) const { return (old & ~mask) | value; }
    bool operator==(const BitMask&) const = default;
};

enum class CpuidRegister { kEax, kEbx, kEcx, kEdx };

/// What becomes of one CPUID leaf.
struct CpuidModifier {
    struct Register {
        CpuidRegister name;
        BitMask<std::uint32_t> bits;
        bool operator==(const Register&) const = default;
    };
    std::uint32_t leaf = 0;
    std::uint32_t subleaf = 0;
    /// KVM_CPUID_FLAG_*; nothing: as KVM says.
    std::optional<std::uint32_t> flags;
    std::vector<Register> registers;
    bool operator==(const CpuidModifier&) const = default;
};

/// What becomes of one model-specific register.
struct MsrModifier {
    std::uint32_t address = 0;
    BitMask<std::uint64_t> bits;
    bool operator==(const MsrModifier&) const = default;
};

/// A processor's model, as CPUID.01H:EAX tells it.
struct CpuModel {
    unsigned family;
    unsigned model;
    unsigned stepping;
    bool operator==(const CpuModel&) const = default;
};

/// The model in CPUID.01H:EAX, with the extended family and model added in (Intel SDM vol. 2,
/// CPUID, figure 3-6).
CpuModel cpu_model(std::uint32_t leaf_1_eax);

/// How a guest's processor differs from what KVM supports on this host: masks over CPUID leaves
/// and MSRs. Features are hidden, not taken away: a guest may use what it does not see.
struct CpuTemplate {
    /// For errors: "T2".
    std::string name;
    /// What of a configuration is to blame for it: "machine-config.cpu_template".
    std::string field;

    /// The processors that it was made for; of any vendor and model where these are empty.
    std::string vendor;  ///< As CPUID tells it: "GenuineIntel".
    std::vector<CpuModel> models;
    /// Whether it tells guests of things that other models do not do; it is refused there.
    bool only_these_models = false;

    /// Numbers of KVM_CAP_*: must be there; are not insisted on where skiff does so otherwise.
    std::vector<std::uint32_t> needed_capabilities;
    std::vector<std::uint32_t> waived_capabilities;
    std::vector<CpuidModifier> cpuid;
    std::vector<MsrModifier> msrs;
    bool operator==(const CpuTemplate&) const = default;
};

/// Whether the host is one for this template, by what KVM supports there. One that is not, but does
/// no harm, is a warning in the log.
Result<void> check_host(const CpuTemplate& given, const Kvm& kvm, const CpuidTable& supported);

/// Changes the leaves of `table`, before CpuidTable::describe_machine(): what that sets stays as it
/// sets it. A leaf that is not there is an error.
Result<void> apply_to_cpuid(const CpuTemplate& given, CpuidTable& table);

/// The registers that KVM shows the guest of `vcpu` otherwise than `table` and the template have
/// it, as words for people; empty where all is as it should be.
Result<std::string> what_did_not_hold(const CpuTemplate& given, const CpuidTable& table,
                                      const Vcpu& vcpu);

/// Changes the MSRs of a vCPU that has its CPUID. One that KVM does not know, or a value that it
/// does not take, is an error.
Result<void> apply_to_msrs(const CpuTemplate& given, const Vcpu& vcpu);

}  // namespace x86_64
}  // namespace skiff::kvm
