// SPDX-License-Identifier: Apache-2.0
// The devices of --testdev: latches, memory, page flush, an interrupt by its line, and fw_cfg,
// whose file `opt/words` is printed.
#include "runtime/console.h"
#include "runtime/expect.h"
#include "runtime/interrupts.h"
#include "runtime/io_apic.h"
#include "runtime/io_port.h"
#include "runtime/local_apic.h"
#include "runtime/memory_access.h"
#include "runtime/processor.h"
#include "runtime/run_payload.h"

namespace payload {
namespace {

constexpr std::uint16_t kLatch = 0xe0;
constexpr std::uint16_t kFlush = 0xe4;
constexpr std::uint16_t kByteLatch = 0xe8;
constexpr std::uint16_t kIrqLines = 0x2000;
constexpr std::uint64_t kMemory = 0xff000000;
constexpr std::uint64_t kMemoryBytes = 0x10000;
constexpr std::uint16_t kFwCfgSelector = 0x510;
constexpr std::uint16_t kFwCfgData = 0x511;
constexpr std::uint16_t kRamSize = 0x03;
constexpr std::uint16_t kNbCpus = 0x05;
constexpr std::uint16_t kFirstFile = 0x20;

constexpr std::uint8_t kLine = 11;
constexpr std::uint8_t kVector = 0x50;
volatile std::uint32_t interrupts = 0;

alignas(4096) volatile std::uint32_t page[1024];

std::uint64_t fw_cfg(std::uint16_t key, unsigned bytes) {
    out16(kFwCfgSelector, key);
    std::uint64_t value = 0;
    for (unsigned i = 0; i < bytes; ++i) {
        value |= std::uint64_t{in8(kFwCfgData)} << (8 * i);
    }
    return value;
}

void print_file() {
    char letters[16];
    out16(kFwCfgSelector, kFirstFile);
    std::size_t size = 0;
    while (size < sizeof letters) {
        const auto letter = static_cast<char>(in8(kFwCfgData));
        if (letter == '\0') {
            break;
        }
        letters[size++] = letter;
    }
    print("file: ", Text{letters, size}, "\n");
}

void check_interrupt(Expectations& expect) {
    set_interrupt_handler(kVector, [](InterruptFrame&) {
        interrupts = interrupts + 1;
        local_apic::end_of_interrupt();
    });
    io_apic::mask_legacy_controllers();
    local_apic::enable();
    io_apic::route(kLine, kVector);
    out8(kIrqLines + kLine, 1);
    while (interrupts == 0) {
        wait_for_interrupt();
    }
    out8(kIrqLines + kLine, 0);
    expect.equal("interrupts of the line", interrupts, 1);
}

}  // namespace

std::uint8_t run() {
    Expectations expect;
    out32(kLatch, 0x12345678);
    out8(kByteLatch + 1, 0xaa);
    expect.equal("the latch", in32(kLatch), 0x1234aa78);
    expect.equal("two bytes of it", in16(kByteLatch + 2), 0x1234);

    if (!map_gibibyte(kMemory)) {
        return 2;
    }
    store<std::uint64_t>(kMemory + kMemoryBytes - 8, 0x1122334455667788);
    expect.equal("the memory's end", load<std::uint32_t>(kMemory + kMemoryBytes - 4), 0x11223344);
    expect.equal("its beginning", load<std::uint32_t>(kMemory), 0);

    page[7] = 0xcafe;
    out32(kFlush, static_cast<std::uint32_t>(reinterpret_cast<std::uint64_t>(page)));
    expect.equal("a word of a flushed page", page[7], 0xcafe);
    page[7] = 0xbeef;
    expect.equal("the word written anew", page[7], 0xbeef);
    out32(kFlush, 0xfffff000);  // No RAM: nothing happens.

    expect.equal("signature", fw_cfg(0, 4), 0x554d4551);
    print("cpus ", fw_cfg(kNbCpus, 2), " memory ", fw_cfg(kRamSize, 8), "\n");
    print_file();
    check_interrupt(expect);
    return expect.verdict();
}

}  // namespace payload
