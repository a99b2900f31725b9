// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/vm_builder.h"

#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "base/log.h"
#include "vmm/kvm/x86_64/vcpu_setup.h"

namespace skiff::machine {

Result<std::unique_ptr<VmBuilder>> VmBuilder::start(const GuestMemory& memory,
                                                    const MachineConfig& config) {
    std::span<const std::uint32_t> waived;
    if (config.cpu_template.has_value()) {
        waived = config.cpu_template->waived_capabilities;
    }
    SKIFF_ASSIGN_OR_RETURN(auto kvm, kvm::Kvm::open("/dev/kvm", waived));
    std::unique_ptr<VmBuilder> builder(new VmBuilder(std::move(kvm), memory, config));
    try {
        builder->thread_ = std::thread([raw = builder.get()] { raw->build(); });
        builder->hand_over_cpuid();
    } catch (const std::system_error&) {
        builder->hand_over_cpuid();  // no thread to be had: one after the other, then
        builder->build();
    }
    return builder;
}

VmBuilder::~VmBuilder() {
    if (thread_.joinable()) {
        thread_.join();
    }
}

void VmBuilder::build() {
    if (const auto built = build_vm(); !built) {
        vm_error_ = built.error();
        announce(Stage::kDone);
        return;
    }
    announce(Stage::kVm);
    if (const auto built = build_vcpus(); !built) {
        vcpu_error_ = built.error();
    }
    announce(Stage::kDone);
}

Result<void> VmBuilder::build_vm() {
    SKIFF_ASSIGN_OR_RETURN(auto vm, kvm_.create_vm());
    // Memory first: see create_irqchip().
    SKIFF_RETURN_IF_ERROR(vm.set_memory(memory_));
    SKIFF_RETURN_IF_ERROR(vm.create_irqchip());
    if (has_pit_) {
        SKIFF_RETURN_IF_ERROR(vm.create_pit());
    }
    vm_ = std::move(vm);
    return {};
}

Result<void> VmBuilder::build_vcpus() {
    if (cpu_count_ > vm_->max_vcpus()) {
        return Error::user(fmt::format("{} vCPUs asked for, but this KVM gives a guest at most {}",
                                       cpu_count_, vm_->max_vcpus()));
    }
    cpuid_is_there_.wait(false, std::memory_order_acquire);
    SKIFF_ASSIGN_OR_RETURN(auto cpuid, *std::move(cpuid_));
    if (cpu_template_.has_value()) {
        SKIFF_RETURN_IF_ERROR(kvm::x86_64::check_host(*cpu_template_, kvm_, cpuid));
        SKIFF_RETURN_IF_ERROR(kvm::x86_64::apply_to_cpuid(*cpu_template_, cpuid));
    }
    vcpus_.reserve(cpu_count_);
    for (unsigned index = 0; index < cpu_count_; ++index) {
        SKIFF_ASSIGN_OR_RETURN(auto vcpu, vm_->create_vcpu(index));
        if (index == 0) {
            cpuid.describe_machine(cpu_count_, kvm::x86_64::tsc_khz(vcpu),
                                   kvm_.has_tsc_deadline_timer());
        }
        SKIFF_RETURN_IF_ERROR(cpuid.apply(vcpu));
        if (cpu_template_.has_value()) {
            SKIFF_RETURN_IF_ERROR(apply_template_to(vcpu, cpuid));
        }
        SKIFF_RETURN_IF_ERROR(kvm::x86_64::set_boot_msrs(vcpu));
        vcpus_.push_back(std::move(vcpu));
    }
    return {};
}

Result<void> VmBuilder::apply_template_to(const kvm::Vcpu& vcpu,
                                          const kvm::x86_64::CpuidTable& cpuid) const {
    if (vcpu.index() == 0) {
        SKIFF_ASSIGN_OR_RETURN(const std::string otherwise,
                               kvm::x86_64::what_did_not_hold(*cpu_template_, cpuid, vcpu));
        if (!otherwise.empty()) {
            log::warning(
                "CPU template {}: this host's KVM does not apply all of it: it has bits of "
                "its own in CPUID {}",
                cpu_template_->name, otherwise);
        }
    }
    return kvm::x86_64::apply_to_msrs(*cpu_template_, vcpu);
}

void VmBuilder::hand_over_cpuid() {
    cpuid_ = kvm::x86_64::CpuidTable::supported(kvm_);
    cpuid_is_there_.store(true, std::memory_order_release);
    cpuid_is_there_.notify_one();
}

void VmBuilder::announce(Stage stage) {
    stage_.store(static_cast<int>(stage), std::memory_order_release);
    stage_.notify_one();
}

Result<void> VmBuilder::wait_for(Stage stage) {
    int seen = stage_.load(std::memory_order_acquire);
    while (seen < static_cast<int>(stage)) {
        stage_.wait(seen, std::memory_order_acquire);
        seen = stage_.load(std::memory_order_acquire);
    }
    if (vm_error_.has_value()) {
        return *vm_error_;
    }
    return {};
}

Result<const kvm::Vm*> VmBuilder::vm() {
    SKIFF_RETURN_IF_ERROR(wait_for(Stage::kVm));
    return &*vm_;
}

Result<std::vector<kvm::Vcpu>*> VmBuilder::vcpus() {
    SKIFF_RETURN_IF_ERROR(wait_for(Stage::kDone));
    if (vcpu_error_.has_value()) {
        return *vcpu_error_;
    }
    return &vcpus_;
}

}  // namespace skiff::machine
