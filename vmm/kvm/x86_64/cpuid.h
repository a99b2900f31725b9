// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"

struct kvm_cpuid_entry2;

namespace skiff::kvm {

class Kvm;
class Vcpu;

namespace x86_64 {

/// The CPUID leaves that a guest sees, from what KVM supports on this host.
///
/// One socket, one thread a core, APIC id = vCPU number. Sources: Intel SDM vol. 2 "CPUID",
/// AMD APM vol. 3 appendix E, KVM API 4.46 (KVM_GET_SUPPORTED_CPUID).
class CpuidTable {
  public:
    /// One call of KVM_GET_SUPPORTED_CPUID (about 0.5 ms), shared by all vCPUs of a machine.
    static Result<CpuidTable> supported(const Kvm& kvm);

    CpuidTable(CpuidTable&&) noexcept;
    CpuidTable& operator=(CpuidTable&&) noexcept;
    ~CpuidTable();

    /// Sets what all vCPUs of a machine have in common. `tsc_khz`: nothing where KVM does not
    /// know the frequency. `tsc_deadline`: whether KVM's local APIC has that timer mode.
    void describe_machine(unsigned cpu_count, std::optional<std::uint32_t> tsc_khz,
                          bool tsc_deadline);

    /// KVM_SET_CPUID2 with the APIC id of `vcpu`. Not const: it writes the id into its own leaves.
    Result<void> apply(const Vcpu& vcpu);

    /// The leaves that KVM shows the guest in the end (KVM_GET_CPUID2): some hosts add to those
    /// that apply() has set.
    static Result<CpuidTable> of(const Vcpu& vcpu);

    /// The leaves, for tests.
    const std::vector<kvm_cpuid_entry2>& entries() const { return entries_; }

    /// A table from given leaves, for tests.
    explicit CpuidTable(std::vector<kvm_cpuid_entry2> entries);

    /// Sets the APIC id of one vCPU in the leaves that have it.
    void set_apic_id(std::uint32_t apic_id);

    /// One leaf; null where it is not there.
    kvm_cpuid_entry2* find(std::uint32_t function, std::uint32_t index = 0);
    const kvm_cpuid_entry2* find(std::uint32_t function, std::uint32_t index = 0) const;

  private:
    void set_topology_leaf(std::uint32_t function, unsigned cpu_count, unsigned id_bits);
    void set_caches(std::uint32_t function, unsigned cpu_count);
    void set_tsc_frequency(std::uint32_t tsc_khz);

    std::vector<kvm_cpuid_entry2> entries_;
};

}  // namespace x86_64
}  // namespace skiff::kvm
