// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/guest_memory.h"
#include "base/result.h"
#include "vmm/kvm/kvm.h"
#include "vmm/kvm/vcpu.h"
#include "vmm/kvm/vm.h"
#include "vmm/kvm/x86_64/cpuid.h"
#include "vmm/machine/machine_config.h"

namespace skiff::machine {

/// Builds the VM and its vCPUs, and owns them, on a short-lived thread of its own: the ioctls take
/// about as long as everything else that a start has to do, which goes on beside it
/// (docs/adr/0006).
///
/// Belongs to one thread, which starts it and asks it. What it gave out lives as long as it does.
class VmBuilder {
  public:
    /// Opens /dev/kvm, begins, and asks for the CPUID leaves that KVM supports while the thread
    /// makes the VM. `memory` outlives the builder.
    static Result<std::unique_ptr<VmBuilder>> start(const GuestMemory& memory,
                                                    const MachineConfig& config);

    /// Waits for a thread that is still at work.
    ~VmBuilder();
    VmBuilder(const VmBuilder&) = delete;
    VmBuilder& operator=(const VmBuilder&) = delete;

    const kvm::Kvm& kvm() const { return kvm_; }

    /// The VM with memory and interrupt controllers; waits for it.
    Result<const kvm::Vm*> vm();

    /// All vCPUs with their CPUID and MSRs, in the order of their numbers; waits for them.
    Result<std::vector<kvm::Vcpu>*> vcpus();

  private:
    /// How far the thread is. What a stage made is written before it is announced.
    enum class Stage : int { kNothing, kVm, kDone };

    VmBuilder(kvm::Kvm kvm, const GuestMemory& memory, const MachineConfig& config)
        : kvm_(std::move(kvm)),
          memory_(memory),
          cpu_count_(config.cpu_count),
          cpu_template_(config.cpu_template),
          has_pit_(config.pit != MachineConfig::Pit::kNone) {}

    void build();
    Result<void> build_vm();
    Result<void> build_vcpus();
    Result<void> apply_template_to(const kvm::Vcpu& vcpu,
                                   const kvm::x86_64::CpuidTable& cpuid) const;
    void announce(Stage stage);
    void hand_over_cpuid();
    Result<void> wait_for(Stage stage);

    kvm::Kvm kvm_;
    const GuestMemory& memory_;
    unsigned cpu_count_;
    std::optional<CpuTemplate> cpu_template_;
    bool has_pit_;

    std::atomic<int> stage_{static_cast<int>(Stage::kNothing)};
    // Written by the thread before it announces a stage, read after that was seen.
    std::optional<kvm::Vm> vm_;
    std::vector<kvm::Vcpu> vcpus_;
    std::optional<Error> vm_error_;
    std::optional<Error> vcpu_error_;

    // The other way round: written by the owner before `cpuid_is_there_`.
    std::optional<Result<kvm::x86_64::CpuidTable>> cpuid_;
    std::atomic<bool> cpuid_is_there_{false};

    std::thread thread_;
};

}  // namespace skiff::machine
