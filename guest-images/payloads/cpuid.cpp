// SPDX-License-Identifier: Apache-2.0
// Prints CPUID leaves 0, 1, 4, 7, 0xb, 0xd, 0x1f, 0x15, 0x40000000.. and 0x80000000.. as each
// processor sees them: "cpu ID leaf L.S EAX EBX ECX EDX". The number of processors comes from
// `cpus=`, else from the MP table. With `msr=NUMBER`, what the boot processor reads there, too.
#include "runtime/boot_info.h"
#include "runtime/console.h"
#include "runtime/local_apic.h"
#include "runtime/multiprocessor.h"
#include "runtime/processor.h"
#include "runtime/run_payload.h"

namespace payload {
namespace {

struct Leaf {
    std::uint32_t leaf;
    std::uint32_t subleaf;
};

constexpr Leaf kLeaves[] = {{0, 0},          {1, 0},          {4, 0},          {4, 1},
                            {4, 2},          {4, 3},          {7, 0},          {0xb, 0},
                            {0xb, 1},        {0xb, 2},        {0xd, 0},        {0xd, 1},
                            {0x1f, 0},       {0x1f, 1},       {0x15, 0},       {0x40000000, 0},
                            {0x40000001, 0}, {0x40000010, 0}, {0x80000000, 0}, {0x80000001, 0},
                            {0x80000008, 0}, {0x8000001e, 0}};
constexpr std::size_t kLeafCount = sizeof(kLeaves) / sizeof(kLeaves[0]);

struct Report {
    std::uint32_t apic_id;
    CpuidResult results[kLeafCount];
};

constexpr std::uint32_t kReportLimit = 16;
Report reports[kReportLimit];

void fill(Report& report) {
    report.apic_id = local_apic::id();
    for (std::size_t i = 0; i < kLeafCount; ++i) {
        report.results[i] = cpuid(kLeaves[i].leaf, kLeaves[i].subleaf);
    }
}

void print_report(const Report& report) {
    for (std::size_t i = 0; i < kLeafCount; ++i) {
        const CpuidResult& result = report.results[i];
        print("cpu ", report.apic_id, " leaf ", Hex{kLeaves[i].leaf}, ".", kLeaves[i].subleaf, " ",
              Hex{result.eax, 8}, " ", Hex{result.ebx, 8}, " ", Hex{result.ecx, 8}, " ",
              Hex{result.edx, 8}, "\n");
    }
}

}  // namespace

std::uint8_t run() {
    auto processors =
        static_cast<std::uint32_t>(option("cpus", std::uint64_t{processors_in_mp_table()}));
    if (processors == 0 || processors > kReportLimit) {
        print("1 to 16 processors, not ", processors, "\n");
        return 1;
    }
    fill(reports[0]);
    start_application_processors([](std::uint32_t start_order) {
        // The boot processor has the first report.
        if (start_order + 1 < kReportLimit) {
            fill(reports[start_order + 1]);
        }
    });
    if (!wait_for_application_processors(processors - 1)) {
        print("a processor did not start\n");
        return 1;
    }
    for (std::uint32_t i = 0; i < processors; ++i) {
        print_report(reports[i]);
    }
    if (const auto msr = static_cast<std::uint32_t>(option("msr", std::uint64_t{0})); msr != 0) {
        print("msr ", Hex{msr}, " ", Hex{read_msr(msr), 16}, "\n");
    }
    return 0;
}

}  // namespace payload
