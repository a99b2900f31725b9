// SPDX-License-Identifier: Apache-2.0
// Entered by a Linux boot protocol: prints what the zero page says (Documentation/x86/boot.rst and
// zero-page.rst).
#include "runtime/boot_info.h"
#include "runtime/checksum.h"
#include "runtime/console.h"
#include "runtime/memory_access.h"
#include "runtime/run_payload.h"

namespace payload {
namespace {

constexpr std::uint64_t kRsdpAddress = 0x070;
constexpr std::uint64_t kE820Entries = 0x1e8;
constexpr std::uint64_t kBootFlag = 0x1fe;
constexpr std::uint64_t kHeaderMagic = 0x202;
constexpr std::uint64_t kTypeOfLoader = 0x210;
constexpr std::uint64_t kLoadFlags = 0x211;
constexpr std::uint64_t kRamdiskImage = 0x218;
constexpr std::uint64_t kRamdiskSize = 0x21c;
constexpr std::uint64_t kE820Table = 0x2d0;
constexpr std::uint64_t kE820EntrySize = 20;
constexpr unsigned kE820Limit = 128;

void print_initrd(std::uint64_t zero_page) {
    const std::uint64_t address = load<std::uint32_t>(zero_page + kRamdiskImage);
    const std::uint64_t size = load<std::uint32_t>(zero_page + kRamdiskSize);
    Checksum checksum;
    for (std::uint64_t offset = 0; offset < size; ++offset) {
        checksum.add(load<std::uint8_t>(address + offset));
    }
    print("initrd address ", Hex{address}, " size ", size, " checksum ", Hex{checksum.value(), 8},
          "\n");
}

}  // namespace

std::uint8_t run() {
    const std::uint64_t zero_page = boot_params_address();
    if (zero_page == 0) {
        print("not entered by a Linux protocol\n");
        return 1;
    }
    print("boot flag ", Hex{load<std::uint16_t>(zero_page + kBootFlag), 4}, " header ",
          Hex{load<std::uint32_t>(zero_page + kHeaderMagic), 8}, " loader ",
          Hex{load<std::uint8_t>(zero_page + kTypeOfLoader), 2}, " load flags ",
          Hex{load<std::uint8_t>(zero_page + kLoadFlags), 2}, "\n");
    print("command line: ", command_line(), "\n");
    const unsigned entries = load<std::uint8_t>(zero_page + kE820Entries);
    for (unsigned i = 0; i < entries && i < kE820Limit; ++i) {
        const std::uint64_t entry = zero_page + kE820Table + i * kE820EntrySize;
        print("e820 ", Hex{load<std::uint64_t>(entry), 9}, " size ",
              Hex{load<std::uint64_t>(entry + 8), 9}, " type ",
              std::uint64_t{load<std::uint32_t>(entry + 16)}, "\n");
    }
    print_initrd(zero_page);
    const auto rsdp = load<std::uint64_t>(zero_page + kRsdpAddress);
    print("rsdp ", Hex{rsdp}, "\n");
    if (rsdp != 0) {
        print("rsdp signature ", Text{reinterpret_cast<const char*>(rsdp), 8}, "\n");
    }
    return 0;
}

}  // namespace payload
