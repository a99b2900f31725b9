// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/x86_64/legacy_interrupts.h"

#include <linux/kvm.h>

#include <cstdint>

#include "vmm/kvm/ioctl.h"

namespace skiff::kvm::x86_64 {
namespace {

// IBM PC AT Technical Reference, section 5 (the BIOS listing's "initialize the 8259").
constexpr std::uint8_t kMasterVectors = 0x08;
constexpr std::uint8_t kSlaveVectors = 0x70;
constexpr std::uint8_t kMasterMask = 0xf8;  // IRQ 0, 1 and 2 may come
constexpr std::uint8_t kSlaveMask = 0xff;

Result<void> set_pic(const Vm& vm, std::uint32_t chip_id, std::uint8_t vectors, std::uint8_t mask) {
    kvm_irqchip chip{};
    chip.chip_id = chip_id;
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vm.fd(), KVM_GET_IRQCHIP, &chip, "KVM_GET_IRQCHIP"));
    chip.chip.pic.irq_base = vectors;
    chip.chip.pic.imr = mask;
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vm.fd(), KVM_SET_IRQCHIP, &chip, "KVM_SET_IRQCHIP"));
    return {};
}

}  // namespace

Result<void> set_firmware_pics(const Vm& vm) {
    SKIFF_RETURN_IF_ERROR(set_pic(vm, KVM_IRQCHIP_PIC_MASTER, kMasterVectors, kMasterMask));
    return set_pic(vm, KVM_IRQCHIP_PIC_SLAVE, kSlaveVectors, kSlaveMask);
}

Result<void> start_firmware_timer(const Vm& vm) {
    constexpr std::uint8_t kRateGenerator = 2;
    constexpr std::uint8_t kLowThenHighByte = 3;
    kvm_pit_state2 pit{};
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vm.fd(), KVM_GET_PIT2, &pit, "KVM_GET_PIT2"));
    kvm_pit_channel_state& channel = pit.channels[0];
    channel.count = 0x10000;
    channel.mode = kRateGenerator;
    channel.rw_mode = kLowThenHighByte;
    channel.gate = 1;
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vm.fd(), KVM_SET_PIT2, &pit, "KVM_SET_PIT2"));
    return {};
}

}  // namespace skiff::kvm::x86_64
