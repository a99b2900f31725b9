// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <array>
#include <cstdint>

namespace skiff::kvm::x86_64 {

// The UAPI headers declare the arrays at the end of kvm_cpuid2, kvm_msrs, kvm_msr_list and
// kvm_xsave with a macro that puts an empty struct before them. That has size 0 in C but 1 in C++,
// which moves the array and, as the size is part of it, changes the request's number. So the
// headers stand here again, with the layout of the kernel's ABI (KVM API 4.18, 4.19, 4.20, 4.46);
// the entries follow them directly.

struct CpuidHeader {
    std::uint32_t nent;
    std::uint32_t padding;
};
static_assert(sizeof(CpuidHeader) == 8);
static_assert(sizeof(kvm_cpuid_entry2) == 40);

struct MsrsHeader {
    std::uint32_t nmsrs;
    std::uint32_t pad;
};
static_assert(sizeof(MsrsHeader) == 8);
static_assert(sizeof(kvm_msr_entry) == 16);

struct MsrListHeader {
    std::uint32_t nmsrs;
};
static_assert(sizeof(MsrListHeader) == 4);

struct XsaveArea {
    std::array<std::uint8_t, 4096> bytes;
};
static_assert(sizeof(XsaveArea) == 4096);

inline constexpr unsigned long kGetXsave = _IOR(KVMIO, 0xa4, XsaveArea);
inline constexpr unsigned long kSetXsave = _IOW(KVMIO, 0xa5, XsaveArea);
inline constexpr unsigned long kGetMsrFeatureIndexList = _IOWR(KVMIO, 0x0a, MsrListHeader);
inline constexpr unsigned long kGetSupportedCpuid = _IOWR(KVMIO, 0x05, CpuidHeader);
inline constexpr unsigned long kGetCpuid2 = _IOWR(KVMIO, 0x91, CpuidHeader);
inline constexpr unsigned long kSetCpuid2 = _IOW(KVMIO, 0x90, CpuidHeader);
inline constexpr unsigned long kGetMsrs = _IOWR(KVMIO, 0x88, MsrsHeader);
inline constexpr unsigned long kSetMsrs = _IOW(KVMIO, 0x89, MsrsHeader);

}  // namespace skiff::kvm::x86_64
