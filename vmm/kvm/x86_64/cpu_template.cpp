// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/x86_64/cpu_template.h"

#include <fmt/format.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "base/log.h"
#include "vmm/kvm/ioctl.h"
#include "vmm/kvm/kvm.h"
#include "vmm/kvm/vcpu.h"
#include "vmm/kvm/x86_64/cpuid.h"
#include "vmm/kvm/x86_64/flexible_structs.h"

namespace skiff::kvm::x86_64 {
namespace {

Error cannot_apply(const CpuTemplate& given, std::string_view why) {
    return Error::user(fmt::format("CPU template {}: {}", given.name, why)).with_field(given.field);
}

/// CPUID.0: the vendor's twelve letters are in EBX, EDX and ECX, in this order.
std::string vendor_of(const CpuidTable& table) {
    const kvm_cpuid_entry2* const leaf = table.find(0);
    if (leaf == nullptr) {
        return {};
    }
    std::string vendor;
    for (const std::uint32_t word : {leaf->ebx, leaf->edx, leaf->ecx}) {
        std::array<char, sizeof word> letters{};
        std::memcpy(letters.data(), &word, sizeof word);
        vendor.append(letters.data(), letters.size());
    }
    return vendor;
}

template <typename Leaf>
auto& register_of(Leaf& leaf, CpuidRegister name) {
    switch (name) {
        case CpuidRegister::kEax:
            return leaf.eax;
        case CpuidRegister::kEbx:
            return leaf.ebx;
        case CpuidRegister::kEcx:
            return leaf.ecx;
        case CpuidRegister::kEdx:
            break;
    }
    return leaf.edx;
}

std::string_view name_of(CpuidRegister name) {
    constexpr std::array<std::string_view, 4> kNames = {"EAX", "EBX", "ECX", "EDX"};
    return kNames.at(static_cast<std::size_t>(name));
}

/// KVM_GET_MSRS and KVM_SET_MSRS of one register; false where KVM does not take it.
class OneMsr {
  public:
    OneMsr(const Vcpu& vcpu, std::uint32_t address) : fd_(vcpu.fd()) { entry_.index = address; }

    std::uint64_t value() const { return entry_.data; }
    Result<bool> read() { return transfer(kGetMsrs, "KVM_GET_MSRS"); }
    Result<bool> write(std::uint64_t value) {
        entry_.data = value;
        return transfer(kSetMsrs, "KVM_SET_MSRS");
    }

  private:
    Result<bool> transfer(unsigned long request, const char* name) {
        const MsrsHeader header{.nmsrs = 1, .pad = 0};
        alignas(kvm_msr_entry) std::array<std::byte, sizeof header + sizeof entry_> block{};
        std::memcpy(block.data(), &header, sizeof header);
        std::memcpy(block.data() + sizeof header, &entry_, sizeof entry_);
        SKIFF_ASSIGN_OR_RETURN(const int count, checked_ioctl(fd_, request, block.data(), name));
        std::memcpy(&entry_, block.data() + sizeof header, sizeof entry_);
        return count == 1;
    }

    int fd_;
    kvm_msr_entry entry_{};
};

}  // namespace

CpuModel cpu_model(std::uint32_t leaf_1_eax) {
    const unsigned stepping = leaf_1_eax & 0xf;
    const unsigned base_model = leaf_1_eax >> 4 & 0xf;
    const unsigned base_family = leaf_1_eax >> 8 & 0xf;
    const unsigned extended_model = leaf_1_eax >> 16 & 0xf;
    const unsigned extended_family = leaf_1_eax >> 20 & 0xff;
    const bool is_extended = base_family == 0x6 || base_family == 0xf;
    return {.family = base_family == 0xf ? base_family + extended_family : base_family,
            .model = is_extended ? extended_model << 4 | base_model : base_model,
            .stepping = stepping};
}

Result<void> check_host(const CpuTemplate& given, const Kvm& kvm, const CpuidTable& supported) {
    for (const std::uint32_t number : given.needed_capabilities) {
        if (kvm.check_extension(static_cast<int>(number)) == 0) {
            return cannot_apply(
                given, fmt::format("it needs KVM capability {}, which this KVM lacks", number));
        }
    }
    if (const std::string vendor = vendor_of(supported);
        !given.vendor.empty() && vendor != given.vendor) {
        return cannot_apply(
            given, fmt::format("it is for processors of {}, and this host's is of {}", given.vendor,
                               vendor));
    }
    const kvm_cpuid_entry2* const leaf = supported.find(1);
    const CpuModel host = cpu_model(leaf == nullptr ? 0 : leaf->eax);
    if (given.models.empty() ||
        std::find(given.models.begin(), given.models.end(), host) != given.models.end()) {
        return {};
    }
    const std::string unlike = fmt::format(
        "it was made for other models than this host's processor (family {:#x}, model {:#x}, "
        "stepping {})",
        host.family, host.model, host.stepping);
    if (given.only_these_models) {
        return cannot_apply(given, unlike);
    }
    log::warning("CPU template {}: {}: what those lack, and this one has, stays visible",
                 given.name, unlike);
    return {};
}

Result<void> apply_to_cpuid(const CpuTemplate& given, CpuidTable& table) {
    for (const CpuidModifier& modifier : given.cpuid) {
        kvm_cpuid_entry2* const leaf = table.find(modifier.leaf, modifier.subleaf);
        if (leaf == nullptr) {
            return cannot_apply(
                given, fmt::format("it changes CPUID leaf {:#x}, subleaf {:#x}, which this KVM "
                                   "does not have",
                                   modifier.leaf, modifier.subleaf));
        }
        leaf->flags = modifier.flags.value_or(leaf->flags);
        for (const CpuidModifier::Register& change : modifier.registers) {
            std::uint32_t& value = register_of(*leaf, change.name);
            value = change.bits.apply(value);
        }
    }
    return {};
}

Result<std::string> what_did_not_hold(const CpuTemplate& given, const CpuidTable& table,
                                      const Vcpu& vcpu) {
    SKIFF_ASSIGN_OR_RETURN(const CpuidTable seen, CpuidTable::of(vcpu));
    std::vector<std::string> places;
    for (const CpuidModifier& modifier : given.cpuid) {
        const kvm_cpuid_entry2* const wanted = table.find(modifier.leaf, modifier.subleaf);
        const kvm_cpuid_entry2* const got = seen.find(modifier.leaf, modifier.subleaf);
        for (const CpuidModifier::Register& change : modifier.registers) {
            const std::uint32_t differing =
                wanted == nullptr || got == nullptr
                    ? 0
                    : register_of(*wanted, change.name) ^ register_of(*got, change.name);
            if ((differing & change.bits.mask) != 0) {
                places.push_back(fmt::format("{:#x}.{} {} ({:#x})", modifier.leaf, modifier.subleaf,
                                             name_of(change.name), differing & change.bits.mask));
            }
        }
    }
    return fmt::format("{}", fmt::join(places, ", "));
}

Result<void> apply_to_msrs(const CpuTemplate& given, const Vcpu& vcpu) {
    for (const MsrModifier& modifier : given.msrs) {
        OneMsr msr(vcpu, modifier.address);
        SKIFF_ASSIGN_OR_RETURN(const bool is_known, msr.read());
        if (!is_known) {
            return cannot_apply(given, fmt::format("it changes MSR {:#x}, which this KVM does not "
                                                   "have",
                                                   modifier.address));
        }
        const std::uint64_t wanted = modifier.bits.apply(msr.value());
        if (wanted == msr.value()) {
            continue;
        }
        SKIFF_ASSIGN_OR_RETURN(const bool is_set, msr.write(wanted));
        if (!is_set) {
            return cannot_apply(given, fmt::format("this KVM does not take the value {:#x} for MSR "
                                                   "{:#x}",
                                                   wanted, modifier.address));
        }
    }
    return {};
}

}  // namespace skiff::kvm::x86_64
