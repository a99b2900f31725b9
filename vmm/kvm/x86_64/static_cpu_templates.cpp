// SPDX-License-Identifier: Apache-2.0
// Bits by the names of the Intel SDM (vol. 2, CPUID; vol. 4, IA32_ARCH_CAPABILITIES) and, where
// they say so, of the AMD APM (vol. 3, appendix E).
#include "vmm/kvm/x86_64/static_cpu_templates.h"

#include <array>
#include <initializer_list>
#include <span>
#include <utility>

namespace skiff::kvm::x86_64 {
namespace {

using enum CpuidRegister;

/// One register of one leaf.
struct Row {
    std::uint32_t leaf;
    std::uint32_t subleaf;
    CpuidRegister name;
    BitMask<std::uint32_t> bits;
};

using Bits = std::initializer_list<unsigned>;

constexpr std::uint32_t word_of(Bits bits) {
    std::uint32_t word = 0;
    for (const unsigned bit : bits) {
        word |= std::uint32_t{1} << bit;
    }
    return word;
}

constexpr BitMask<std::uint32_t> hide(Bits hidden) {
    return {.mask = word_of(hidden), .value = 0};
}
constexpr BitMask<std::uint32_t> hide_and_show(Bits hidden, Bits shown) {
    return {.mask = word_of(hidden) | word_of(shown), .value = word_of(shown)};
}

/// CPUID.01H:EAX without its reserved bits.
constexpr std::uint32_t kSignatureBits = 0x0fff'3fff;

namespace leaf_1_ecx {
enum : unsigned {
    kDtes64 = 2,
    kMonitor = 3,
    kDsCpl = 4,
    kVmx = 5,
    kSmx = 6,
    kEist = 7,
    kTm2 = 8,
    kCnxtId = 10,
    kSdbg = 11,
    kFma = 12,
    kXtpr = 14,
    kPdcm = 15,
    kDca = 18,
    kMovbe = 22,
};
}
namespace leaf_1_edx {
enum : unsigned {
    kMce = 7,
    kMtrr = 12,
    kPsn = 18,
    kDs = 21,
    kAcpi = 22,
    kSs = 27,
    kTm = 29,
    kIa64 = 30,
    kPbe = 31,
};
}
namespace leaf_7_ebx {
enum : unsigned {
    kSgx = 2,
    kBmi1 = 3,
    kHle = 4,
    kAvx2 = 5,
    kBmi2 = 8,
    kErms = 9,
    kInvpcid = 10,
    kRtm = 11,
    kRdtM = 12,
    kMpx = 14,
    kRdtA = 15,
    kAvx512F = 16,
    kAvx512Dq = 17,
    kRdseed = 18,
    kAdx = 19,
    kAvx512Ifma = 21,
    kPcommit = 22,  // RDPID (AMD)
    kClflushopt = 23,
    kClwb = 24,
    kPt = 25,
    kAvx512Pf = 26,
    kAvx512Er = 27,
    kAvx512Cd = 28,
    kSha = 29,
    kAvx512Bw = 30,
    kAvx512Vl = 31,
};
}
namespace leaf_7_ecx {
enum : unsigned {
    kAvx512Vbmi = 1,
    kUmip = 2,
    kPku = 3,
    kOspke = 4,
    kAvx512Vbmi2 = 6,
    kGfni = 8,
    kVaes = 9,
    kVpclmulqdq = 10,
    kAvx512Vnni = 11,
    kAvx512Bitalg = 12,
    kAvx512Vpopcntdq = 14,
    kLa57 = 16,
    kRdpid = 22,
    kSgxLc = 30,
};
}
namespace leaf_7_edx {
enum : unsigned {
    kAvx512Vnniw4 = 2,
    kAvx512Fmaps4 = 3,
    kFsrm = 4,
    kAvx512Vp2intersect = 8,
};
}
namespace leaf_d_0_eax {
enum : unsigned { kBndregs = 3, kBndcsr, kOpmask, kZmmHi256, kHi16Zmm, kPkru = 9 };
}
namespace leaf_d_1_eax {
enum : unsigned { kXsavec = 1, kXgetbv1 = 2, kXsaves = 3 };
}
namespace leaf_80000001_ecx {
// SVM, SSE4A, MISALIGNSSE and MONITORX: AMD.
enum : unsigned {
    kSvm = 2,
    kLzcnt = 5,
    kSse4a = 6,
    kMisalignsse = 7,
    kPrefetchw = 8,
    kMonitorx = 29,
};
}  // namespace leaf_80000001_ecx
namespace leaf_80000001_edx {
// But for pages of 1 GiB: AMD.
enum : unsigned { kMmxext = 22, kMmx = 23, kFxsr = 24, kFfxsr = 25, kPage1Gb = 26 };
}  // namespace leaf_80000001_edx
namespace leaf_80000008_ebx {
// But for WBNOINVD: AMD.
enum : unsigned {
    kClzero = 0,
    kRstrFpErrPtrs = 2,
    kWbnoinvd = 9,
    kIbrsPreferred = 18,
    kIbrsSameMode = 19,
    kEferLmsleUnsupported = 20,
};
}  // namespace leaf_80000008_ebx

/// What T2 and all its kin have in common: they look like a Haswell.
constexpr auto kT2 = [] {
    using namespace leaf_1_ecx;
    using namespace leaf_1_edx;
    using namespace leaf_7_ebx;
    using namespace leaf_7_ecx;
    using namespace leaf_7_edx;
    using namespace leaf_d_0_eax;
    using namespace leaf_d_1_eax;
    using namespace leaf_80000001_ecx;
    using namespace leaf_80000001_edx;
    return std::array{
        Row{0x1, 0, kEax, {.mask = kSignatureBits, .value = 0x306f2}},
        Row{0x1, 0, kEcx,
            hide({kDtes64, kMonitor, kDsCpl, kVmx, kSmx, kEist, kTm2, kCnxtId, kSdbg, kXtpr, kPdcm,
                  kDca})},
        Row{0x1, 0, kEdx, hide_and_show({kPsn, kDs, kAcpi, kSs, kTm, kIa64, kPbe}, {kMce, kMtrr})},
        Row{0x7, 0, kEbx,
            hide_and_show(
                {kSgx,      kHle,      kRtm,      kRdtM,       kMpx,     kRdtA,       kAvx512F,
                 kAvx512Dq, kRdseed,   kAdx,      kAvx512Ifma, kPcommit, kClflushopt, kClwb,
                 kPt,       kAvx512Pf, kAvx512Er, kAvx512Cd,   kSha,     kAvx512Bw,   kAvx512Vl},
                {kErms})},
        Row{0x7, 0, kEcx,
            hide({kAvx512Vbmi, kUmip, kPku, kOspke, kAvx512Vbmi2, kGfni, kVaes, kVpclmulqdq,
                  kAvx512Vnni, kAvx512Bitalg, kAvx512Vpopcntdq, kLa57, kRdpid, kSgxLc})},
        Row{0x7, 0, kEdx, hide({kAvx512Vnniw4, kAvx512Fmaps4, kFsrm, kAvx512Vp2intersect})},
        Row{0xd, 0, kEax, hide({kBndregs, kBndcsr, kOpmask, kZmmHi256, kHi16Zmm, kPkru})},
        Row{0xd, 1, kEax, hide({kXsavec, kXgetbv1, kXsaves})},
        Row{0x8000'0001, 0, kEcx, hide({kPrefetchw, kMonitorx})},
        Row{0x8000'0001, 0, kEdx, hide({kPage1Gb})},
        Row{0x8000'0008, 0, kEbx, hide({leaf_80000008_ebx::kWbnoinvd})},
    };
}();

/// What T2CL hides besides, so that guests see the same on AMD with T2A.
constexpr auto kT2CL = [] {
    using namespace leaf_80000001_ecx;
    using namespace leaf_80000001_edx;
    return std::array{
        Row{0x8000'0001, 0, kEcx, hide({kSse4a, kMisalignsse})},
        Row{0x8000'0001, 0, kEdx, hide({kMmxext, kMmx, kFxsr, kFfxsr})},
    };
}();

constexpr auto kT2A = [] {
    using namespace leaf_80000001_ecx;
    using namespace leaf_80000001_edx;
    using namespace leaf_80000008_ebx;
    return std::array{
        Row{0x8000'0001, 0, kEcx, hide({kSvm, kSse4a, kMisalignsse})},
        Row{0x8000'0001, 0, kEdx, hide({kMmxext, kFfxsr})},
        Row{0x8000'0008, 0, kEbx,
            hide_and_show({kClzero},
                          {kRstrFpErrPtrs, kIbrsPreferred, kIbrsSameMode, kEferLmsleUnsupported})},
    };
}();

/// An Ivy Bridge.
constexpr auto kC3 = [] {
    using namespace leaf_1_ecx;
    using namespace leaf_1_edx;
    using namespace leaf_7_ebx;
    using namespace leaf_7_ecx;
    using namespace leaf_7_edx;
    using namespace leaf_d_0_eax;
    using namespace leaf_d_1_eax;
    using namespace leaf_80000001_ecx;
    using namespace leaf_80000001_edx;
    return std::array{
        Row{0x1, 0, kEax, {.mask = kSignatureBits, .value = 0x306e4}},
        Row{0x1, 0, kEcx,
            hide({kDtes64, kMonitor, kDsCpl, kVmx, kTm2, kCnxtId, kSdbg, kFma, kXtpr, kPdcm,
                  kMovbe})},
        Row{0x1, 0, kEdx, hide_and_show({kPsn, kDs, kAcpi, kSs, kTm, kPbe}, {kMce, kMtrr})},
        Row{0x7, 0, kEbx,
            hide({kSgx,      kBmi1,     kHle,        kAvx2,       kBmi2,     kInvpcid,
                  kRtm,      kRdtM,     kMpx,        kRdtA,       kAvx512F,  kAvx512Dq,
                  kRdseed,   kAdx,      kAvx512Ifma, kClflushopt, kClwb,     kPt,
                  kAvx512Pf, kAvx512Er, kAvx512Cd,   kSha,        kAvx512Bw, kAvx512Vl})},
        Row{0x7, 0, kEcx,
            hide({kAvx512Vbmi, kUmip, kPku, kOspke, kAvx512Vnni, kAvx512Vpopcntdq, kLa57, kRdpid,
                  kSgxLc})},
        Row{0x7, 0, kEdx, hide({kAvx512Vnniw4, kAvx512Fmaps4})},
        Row{0xd, 0, kEax, hide({kBndregs, kBndcsr, kOpmask, kZmmHi256, kHi16Zmm, kPkru})},
        Row{0xd, 1, kEax, hide({kXsavec, kXgetbv1, kXsaves})},
        Row{0x8000'0001, 0, kEcx, hide({kLzcnt, kPrefetchw})},
        Row{0x8000'0001, 0, kEdx, hide({kPage1Gb})},
    };
}();

constexpr std::uint32_t kArchCapabilities = 0x10a;

/// IA32_ARCH_CAPABILITIES.
namespace arch_capabilities {
constexpr std::uint64_t bit(unsigned number) {
    return std::uint64_t{1} << number;
}
constexpr std::uint64_t kRdclNo = bit(0);
constexpr std::uint64_t kIbrsAll = bit(1);
constexpr std::uint64_t kRsba = bit(2);
constexpr std::uint64_t kSkipL1dflVmentry = bit(3);
constexpr std::uint64_t kSsbNo = bit(4);
constexpr std::uint64_t kMdsNo = bit(5);
constexpr std::uint64_t kIfPschangeMcNo = bit(6);
constexpr std::uint64_t kTsxCtrl = bit(7);
constexpr std::uint64_t kTaaNo = bit(8);
constexpr std::uint64_t kMiscPackageCtls = bit(10);
constexpr std::uint64_t kEnergyFilteringCtl = bit(11);
constexpr std::uint64_t kSbdrSsdpNo = bit(13);
constexpr std::uint64_t kFbsdpNo = bit(14);
constexpr std::uint64_t kPsdpNo = bit(15);
constexpr std::uint64_t kFbClear = bit(17);
constexpr std::uint64_t kRrsba = bit(19);
constexpr std::uint64_t kPbrsbNo = bit(24);
constexpr std::uint64_t kGdsNo = bit(26);
constexpr std::uint64_t kRfdsNo = bit(27);
constexpr std::uint64_t kRfdsClear = bit(28);

/// T2S: just these, whatever the host has.
constexpr MsrModifier kT2S = {
    kArchCapabilities,
    {.mask = ~std::uint64_t{0},
     .value = kRsba | kSkipL1dflVmentry | kIfPschangeMcNo | kMiscPackageCtls | kEnergyFilteringCtl |
              kFbClear | kRrsba | kGdsNo | kRfdsNo}};

/// T2CL: of these, those that the host has.
constexpr std::uint64_t kOfTheHost = kRdclNo | kIbrsAll | kRsba | kSkipL1dflVmentry | kSsbNo |
                                     kMdsNo | kIfPschangeMcNo | kTsxCtrl | kTaaNo | kSbdrSsdpNo |
                                     kFbsdpNo | kPsdpNo | kFbClear | kRrsba | kPbrsbNo | kGdsNo |
                                     kRfdsNo | kRfdsClear;
constexpr MsrModifier kT2CL = {kArchCapabilities, {.mask = ~kOfTheHost, .value = 0}};
}  // namespace arch_capabilities

constexpr CpuModel kSkylake = {0x6, 0x55, 4};
constexpr CpuModel kCascadeLake = {0x6, 0x55, 7};
constexpr CpuModel kIceLake = {0x6, 0x6a, 6};
constexpr CpuModel kMilan = {0x19, 0x1, 1};

void add(std::span<const Row> rows, CpuTemplate& to) {
    for (const Row& row : rows) {
        CpuidModifier& modifier = to.cpuid.emplace_back();
        modifier.leaf = row.leaf;
        modifier.subleaf = row.subleaf;
        modifier.registers.push_back({row.name, row.bits});
    }
}

CpuTemplate intel(std::string name, std::vector<CpuModel> models) {
    CpuTemplate made;
    made.name = std::move(name);
    made.vendor = "GenuineIntel";
    made.models = std::move(models);
    return made;
}

}  // namespace

CpuTemplate static_cpu_template(StaticCpuTemplate name) {
    CpuTemplate made;
    switch (name) {
        case StaticCpuTemplate::kNone:
            break;
        case StaticCpuTemplate::kC3:
            made = intel("C3", {kSkylake, kCascadeLake, kIceLake});
            add(kC3, made);
            break;
        case StaticCpuTemplate::kT2:
            made = intel("T2", {kSkylake, kCascadeLake, kIceLake});
            add(kT2, made);
            break;
        case StaticCpuTemplate::kT2S:
            made = intel("T2S", {kSkylake, kCascadeLake});
            made.only_these_models = true;  // its MSR promises what they do
            add(kT2, made);
            made.msrs.push_back(arch_capabilities::kT2S);
            break;
        case StaticCpuTemplate::kT2CL:
            made = intel("T2CL", {kCascadeLake, kIceLake});
            add(kT2, made);
            add(kT2CL, made);
            made.msrs.push_back(arch_capabilities::kT2CL);
            break;
        case StaticCpuTemplate::kT2A:
            made.name = "T2A";
            made.vendor = "AuthenticAMD";
            made.models = {kMilan};
            made.only_these_models = true;  // leaf 0x80000008 promises what it does
            add(kT2, made);
            add(kT2A, made);
            break;
    }
    return made;
}

}  // namespace skiff::kvm::x86_64
