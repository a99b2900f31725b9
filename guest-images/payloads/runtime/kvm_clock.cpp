// SPDX-License-Identifier: Apache-2.0
#include "runtime/kvm_clock.h"

#include "runtime/memory_access.h"
#include "runtime/processor.h"

namespace payload::kvm_clock {
namespace {

constexpr std::uint32_t kHypervisorLeaf = 0x40000000;
constexpr std::uint32_t kSignatureEbx = 0x4b4d564b;  // "KVMK"
constexpr std::uint32_t kFeatureClock2 = 1 << 3;
constexpr std::uint32_t kMsrSystemTimeNew = 0x4b564d01;
constexpr std::uint64_t kEnable = 1;
constexpr std::uint8_t kGuestStopped = 1 << 1;

/// struct pvclock_vcpu_time_info: odd versions mean that KVM is writing.
struct TimeInfo {
    std::uint32_t version;
    std::uint32_t pad0;
    std::uint64_t tsc_timestamp;
    std::uint64_t system_time;
    std::uint32_t tsc_to_system_mul;
    std::int8_t tsc_shift;
    std::uint8_t flags;
    std::uint8_t pad[2];
};
static_assert(sizeof(TimeInfo) == 32);

alignas(64) volatile TimeInfo info;

std::uint64_t to_nanoseconds(std::uint64_t cycles, std::int8_t shift, std::uint32_t multiplier) {
    cycles = shift >= 0 ? cycles << shift : cycles >> -shift;
    const auto low = (cycles & 0xffffffff) * multiplier >> 32;
    return (cycles >> 32) * multiplier + low;
}

}  // namespace

bool set_up() {
    if (cpuid(kHypervisorLeaf).ebx != kSignatureEbx ||
        (cpuid(kHypervisorLeaf + 1).eax & kFeatureClock2) == 0) {
        return false;
    }
    write_msr(kMsrSystemTimeNew, reinterpret_cast<std::uint64_t>(&info) | kEnable);
    return true;
}

std::uint64_t nanoseconds() {
    while (true) {
        const std::uint32_t version = info.version;
        const std::uint64_t cycles = read_tsc() - info.tsc_timestamp;
        const std::uint64_t time =
            info.system_time + to_nanoseconds(cycles, info.tsc_shift, info.tsc_to_system_mul);
        if ((version & 1) == 0 && version == info.version) {
            return time;
        }
        relax();
    }
}

bool has_been_stopped() {
    return (info.flags & kGuestStopped) != 0;
}

std::uint64_t tsc_hertz() {
    // ns = (cycles << shift) * multiplier / 2^32
    const std::uint64_t unshifted = (1'000'000'000ull << 32) / info.tsc_to_system_mul;
    return info.tsc_shift >= 0 ? unshifted >> info.tsc_shift : unshifted << -info.tsc_shift;
}

}  // namespace payload::kvm_clock
