// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/x86_64/cpuid.h"

#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

#include "vmm/kvm/ioctl.h"
#include "vmm/kvm/kvm.h"
#include "vmm/kvm/vcpu.h"
#include "vmm/kvm/x86_64/flexible_structs.h"

namespace skiff::kvm::x86_64 {
namespace {

constexpr std::size_t kMaxEntries = 256;  // KVM_MAX_CPUID_ENTRIES of the kernel

// CPUID.01H:ECX
constexpr std::uint32_t kTscDeadline = 1U << 24;
constexpr std::uint32_t kHypervisor = 1U << 31;
// CPUID.01H:EDX
constexpr std::uint32_t kHyperThreading = 1U << 28;
// CPUID.80000001H:ECX (AMD)
constexpr std::uint32_t kCmpLegacy = 1U << 1;

// CPUID.0BH/1FH:ECX[15:8], level type
constexpr std::uint32_t kLevelInvalid = 0;
constexpr std::uint32_t kLevelSmt = 1;
constexpr std::uint32_t kLevelCore = 2;

constexpr std::uint32_t kLeafTopology = 0xb;
constexpr std::uint32_t kLeafTopologyV2 = 0x1f;
constexpr std::uint32_t kLeafTsc = 0x15;
constexpr std::uint32_t kLeafHypervisor = 0x4000'0000;
// The timing leaf that guests of several hypervisors read: EAX = TSC kHz, EBX = local APIC bus kHz.
constexpr std::uint32_t kLeafHypervisorTiming = 0x4000'0010;
constexpr std::uint32_t kApicBusKhz = 1'000'000;  // KVM's local APIC counts nanoseconds

constexpr std::uint32_t set_bits(std::uint32_t value, unsigned low, unsigned width,
                                 std::uint32_t field) {
    const std::uint32_t mask = ((std::uint32_t{1} << width) - 1) << low;
    return (value & ~mask) | ((field << low) & mask);
}

/// KVM_GET_SUPPORTED_CPUID's argument: a header and its entries in one block.
struct CpuidBlock {
    explicit CpuidBlock(std::size_t count)
        : bytes(std::make_unique<std::byte[]>(sizeof(CpuidHeader) +
                                              count * sizeof(kvm_cpuid_entry2))) {
        header()->nent = static_cast<std::uint32_t>(count);
    }
    CpuidHeader* header() { return static_cast<CpuidHeader*>(static_cast<void*>(bytes.get())); }
    std::byte* entries() { return bytes.get() + sizeof(CpuidHeader); }

    std::unique_ptr<std::byte[]> bytes;
};

bool is_intel(const kvm_cpuid_entry2& leaf0) {
    return leaf0.ebx == 0x756e'6547 && leaf0.edx == 0x4965'6e69 && leaf0.ecx == 0x6c65'746e;
}

}  // namespace

CpuidTable::CpuidTable(std::vector<kvm_cpuid_entry2> entries) : entries_(std::move(entries)) {}
CpuidTable::CpuidTable(CpuidTable&&) noexcept = default;
CpuidTable& CpuidTable::operator=(CpuidTable&&) noexcept = default;
CpuidTable::~CpuidTable() = default;

Result<CpuidTable> CpuidTable::supported(const Kvm& kvm) {
    CpuidBlock block(kMaxEntries);
    if (::ioctl(kvm.fd(), kGetSupportedCpuid, block.header()) < 0) {
        return Error::host(errno, "KVM refused KVM_GET_SUPPORTED_CPUID");
    }
    std::vector<kvm_cpuid_entry2> entries(block.header()->nent);
    std::memcpy(entries.data(), block.entries(), entries.size() * sizeof entries[0]);
    return CpuidTable(std::move(entries));
}

const kvm_cpuid_entry2* CpuidTable::find(std::uint32_t function, std::uint32_t index) const {
    const auto entry =
        std::find_if(entries_.begin(), entries_.end(), [&](const kvm_cpuid_entry2& candidate) {
            return candidate.function == function && candidate.index == index;
        });
    return entry == entries_.end() ? nullptr : &*entry;
}

Result<CpuidTable> CpuidTable::of(const Vcpu& vcpu) {
    CpuidBlock block(kMaxEntries);
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vcpu.fd(), kGetCpuid2, block.header(), "KVM_GET_CPUID2"));
    // Where there is room enough, KVM does not say how many there are: the others are all 0.
    std::vector<kvm_cpuid_entry2> entries(kMaxEntries);
    std::memcpy(entries.data(), block.entries(), entries.size() * sizeof entries[0]);
    return CpuidTable(std::move(entries));
}

kvm_cpuid_entry2* CpuidTable::find(std::uint32_t function, std::uint32_t index) {
    return const_cast<kvm_cpuid_entry2*>(std::as_const(*this).find(function, index));
}

void CpuidTable::describe_machine(unsigned cpu_count, std::optional<std::uint32_t> tsc_khz,
                                  bool tsc_deadline) {
    const auto id_bits = static_cast<unsigned>(std::bit_width(cpu_count - 1));
    if (auto* leaf = find(1); leaf != nullptr) {
        leaf->ecx |= kHypervisor | (tsc_deadline ? kTscDeadline : 0);
        leaf->ebx = set_bits(leaf->ebx, 16, 8, std::min(1U << id_bits, 255U));
        leaf->edx = cpu_count > 1 ? leaf->edx | kHyperThreading : leaf->edx & ~kHyperThreading;
    }
    set_caches(0x4, cpu_count);
    set_caches(0x8000'001d, cpu_count);
    if (const auto* leaf0 = find(0); leaf0 != nullptr) {
        const std::uint32_t max_leaf = leaf0->eax;
        if (max_leaf >= kLeafTopology) {
            set_topology_leaf(kLeafTopology, cpu_count, id_bits);
        }
        if (max_leaf >= kLeafTopologyV2) {
            set_topology_leaf(kLeafTopologyV2, cpu_count, id_bits);
        }
    }
    if (auto* leaf = find(0x8000'0001); leaf != nullptr) {
        leaf->ecx = cpu_count > 1 ? leaf->ecx | kCmpLegacy : leaf->ecx & ~kCmpLegacy;
    }
    if (auto* leaf = find(0x8000'0008); leaf != nullptr) {
        // AMD APM 3, E.4.7: NC in ECX[7:0], ApicIdSize in ECX[15:12].
        leaf->ecx = set_bits(set_bits(leaf->ecx, 0, 8, cpu_count - 1), 12, 4, id_bits);
    }
    if (tsc_khz.has_value()) {
        set_tsc_frequency(*tsc_khz);
    }
}

void CpuidTable::set_caches(std::uint32_t function, unsigned cpu_count) {
    constexpr std::uint32_t kL3 = 3;
    for (kvm_cpuid_entry2& leaf : entries_) {
        if (leaf.function != function || (leaf.eax & 0x1f) == 0) {
            continue;  // another leaf, or "no more caches"
        }
        // EAX[25:14]: logical processors sharing this cache, minus 1; the L3 is the socket's.
        const std::uint32_t level = (leaf.eax >> 5) & 7;
        const auto sharing = level == kL3 ? std::bit_ceil(cpu_count) - 1 : 0;
        leaf.eax = set_bits(leaf.eax, 14, 12, sharing);
        if (function == 0x4) {
            // EAX[31:26]: cores in the package, minus 1; six bits, rounded to a power of two.
            leaf.eax = set_bits(leaf.eax, 26, 6, std::min(std::bit_ceil(cpu_count) - 1, 63U));
        }
    }
}

void CpuidTable::set_topology_leaf(std::uint32_t function, unsigned cpu_count, unsigned id_bits) {
    std::erase_if(entries_,
                  [&](const kvm_cpuid_entry2& leaf) { return leaf.function == function; });
    struct Level {
        std::uint32_t shift, processors, type;
    };
    const Level levels[] = {
        {0, 1, kLevelSmt}, {id_bits, cpu_count, kLevelCore}, {0, 0, kLevelInvalid}};
    std::uint32_t index = 0;
    for (const Level& level : levels) {
        kvm_cpuid_entry2 leaf{};
        leaf.function = function;
        leaf.index = index;
        leaf.flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
        leaf.eax = level.shift;
        leaf.ebx = level.processors;
        leaf.ecx = (level.type << 8) | index;
        entries_.push_back(leaf);
        ++index;
    }
}

void CpuidTable::set_tsc_frequency(std::uint32_t tsc_khz) {
    auto* const leaf0 = find(0);
    if (leaf0 != nullptr && is_intel(*leaf0) && leaf0->eax >= kLeafTsc) {
        std::erase_if(entries_,
                      [](const kvm_cpuid_entry2& leaf) { return leaf.function == kLeafTsc; });
        // TSC Hz = ECX * EBX / EAX. Linux takes ECX, the "crystal", for the local APIC's clock too.
        kvm_cpuid_entry2 leaf{};
        leaf.function = kLeafTsc;
        leaf.eax = kApicBusKhz;
        leaf.ebx = tsc_khz;
        leaf.ecx = kApicBusKhz * 1000;
        entries_.push_back(leaf);
    }
    if (auto* const hypervisor = find(kLeafHypervisor);
        hypervisor != nullptr && find(kLeafHypervisorTiming) == nullptr) {
        hypervisor->eax = std::max(hypervisor->eax, kLeafHypervisorTiming);
        kvm_cpuid_entry2 leaf{};
        leaf.function = kLeafHypervisorTiming;
        leaf.eax = tsc_khz;
        leaf.ebx = kApicBusKhz;
        entries_.push_back(leaf);
    }
}

void CpuidTable::set_apic_id(std::uint32_t apic_id) {
    for (kvm_cpuid_entry2& leaf : entries_) {
        switch (leaf.function) {
            case 1:
                leaf.ebx = set_bits(leaf.ebx, 24, 8, apic_id);
                break;
            case kLeafTopology:
            case kLeafTopologyV2:
                leaf.edx = apic_id;
                break;
            case 0x8000'001e:
                // AMD APM 3, E.4.17: extended APIC id; core id, one thread a core; one node.
                leaf.eax = apic_id;
                leaf.ebx = apic_id & 0xff;
                leaf.ecx = 0;
                break;
            default:
                break;
        }
    }
}

Result<void> CpuidTable::apply(const Vcpu& vcpu) {
    set_apic_id(vcpu.index());
    CpuidBlock block(entries_.size());
    std::memcpy(block.entries(), entries_.data(), entries_.size() * sizeof entries_[0]);
    if (::ioctl(vcpu.fd(), kSetCpuid2, block.header()) < 0) {
        return Error::host(errno, "KVM refused KVM_SET_CPUID2");
    }
    return {};
}

}  // namespace skiff::kvm::x86_64
