// SPDX-License-Identifier: Apache-2.0
#include "runtime/multiprocessor.h"

#include "runtime/interrupts.h"
#include "runtime/local_apic.h"
#include "runtime/memory_access.h"
#include "runtime/processor.h"

extern "C" {
extern char ap_trampoline[];
extern char ap_trampoline_end[];
void run_application_processor(std::uint32_t start_order);
}

namespace payload {
namespace {

constexpr std::uint64_t kCyclesToWait = 60'000'000'000;

ProcessorFunction function_to_run = nullptr;
std::uint32_t done = 0;

/// MP floating pointer structure, without its feature bytes.
struct FloatingPointer {
    std::uint32_t signature;
    std::uint32_t table_address;
    std::uint8_t length_paragraphs;
};
constexpr std::uint32_t kFloatingPointerSignature = 0x5f504d5f;  // "_MP_"

/// MP configuration table header.
struct TableHeader {
    std::uint32_t signature;
    std::uint16_t length;
    std::uint8_t revision;
    std::uint8_t checksum;
    std::uint8_t oem_and_product[20];
    std::uint32_t oem_table;
    std::uint16_t oem_table_size;
    std::uint16_t entry_count;
    std::uint32_t local_apic_address;
    std::uint32_t extended;
};
static_assert(sizeof(TableHeader) == 44);
constexpr std::uint32_t kTableSignature = 0x504d4350;  // "PCMP"

constexpr std::uint8_t kProcessorEntry = 0;
constexpr std::uint64_t kProcessorEntrySize = 20;
constexpr std::uint64_t kOtherEntrySize = 8;
constexpr std::uint64_t kProcessorFlags = 3;
constexpr std::uint8_t kProcessorEnabled = 1;

std::uint8_t byte_sum(std::uint64_t address, std::uint64_t size) {
    std::uint8_t sum = 0;
    for (std::uint64_t i = 0; i < size; ++i) {
        sum = static_cast<std::uint8_t>(sum + load<std::uint8_t>(address + i));
    }
    return sum;
}

std::uint64_t find_floating_pointer(std::uint64_t from, std::uint64_t size) {
    for (std::uint64_t address = from; address < from + size; address += 16) {
        if (load<std::uint32_t>(address) == kFloatingPointerSignature &&
            byte_sum(address, 16) == 0) {
            return address;
        }
    }
    return 0;
}

std::uint32_t count_processors(const TableHeader& header) {
    std::uint64_t entry = reinterpret_cast<std::uint64_t>(&header) + sizeof(TableHeader);
    std::uint32_t count = 0;
    for (unsigned i = 0; i < header.entry_count; ++i) {
        if (load<std::uint8_t>(entry) != kProcessorEntry) {
            entry += kOtherEntrySize;
            continue;
        }
        count += load<std::uint8_t>(entry + kProcessorFlags) & kProcessorEnabled;
        entry += kProcessorEntrySize;
    }
    return count;
}

}  // namespace

std::uint32_t processors_in_mp_table() {
    // The three places that the specification names: BIOS area, last KiB of base memory, EBDA (here
    // both of the latter are the KiB at 639 KiB).
    std::uint64_t address = find_floating_pointer(0xf0000, 0x10000);
    if (address == 0) {
        address = find_floating_pointer(0x9fc00, 0x400);
    }
    if (address == 0) {
        return 0;
    }
    const auto* pointer = reinterpret_cast<const FloatingPointer*>(address);
    const auto* header =
        reinterpret_cast<const TableHeader*>(std::uint64_t{pointer->table_address});
    if (header == nullptr || header->signature != kTableSignature ||
        byte_sum(pointer->table_address, header->length) != 0) {
        return 0;
    }
    return count_processors(*header);
}

void start_application_processors(ProcessorFunction function) {
    function_to_run = function;
    memcpy(reinterpret_cast<void*>(std::uint64_t{kTrampolineAddress}), ap_trampoline,
           static_cast<std::size_t>(ap_trampoline_end - ap_trampoline));
    local_apic::enable();
    local_apic::start_all_others(kTrampolineAddress >> 12);
}

std::uint32_t application_processors_done() {
    return __atomic_load_n(&done, __ATOMIC_ACQUIRE);
}

bool wait_for_application_processors(std::uint32_t count) {
    const std::uint64_t begin = read_tsc();
    while (application_processors_done() < count) {
        if (read_tsc() - begin > kCyclesToWait) {
            return false;
        }
        relax();
    }
    return true;
}

}  // namespace payload

void run_application_processor(std::uint32_t start_order) {
    payload::load_interrupt_table();
    payload::function_to_run(start_order);
    __atomic_fetch_add(&payload::done, 1, __ATOMIC_ACQ_REL);
}
