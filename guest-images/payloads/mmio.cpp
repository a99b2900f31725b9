// SPDX-License-Identifier: Apache-2.0
// Physical addresses that are neither RAM nor a device: reads give all-ones at every width, aligned
// or not; writes vanish. `address=` is the start of a page like that which another such page
// follows.
#include "runtime/boot_info.h"
#include "runtime/expect.h"
#include "runtime/memory_access.h"
#include "runtime/run_payload.h"

namespace payload {
namespace {

void expect_all_ones(Expectations& expect, std::uint64_t address) {
    expect.equal("1 byte", load<std::uint8_t>(address), 0xff);
    expect.equal("2 bytes", load<std::uint16_t>(address), 0xffff);
    expect.equal("4 bytes", load<std::uint32_t>(address), 0xffffffff);
    expect.equal("8 bytes", load<std::uint64_t>(address), ~std::uint64_t{0});
}

}  // namespace

std::uint8_t run() {
    const std::uint64_t address = option("address", std::uint64_t{0xcf000000});
    Expectations expect;
    if (!map_gibibyte(address)) {
        print("cannot map ", Hex{address}, "\n");
        return 1;
    }
    expect_all_ones(expect, address);
    expect_all_ones(expect, address + 3);
    expect_all_ones(expect, address + 4096 - 1);

    store<std::uint8_t>(address, 0x12);
    store<std::uint16_t>(address, 0x1234);
    store<std::uint32_t>(address, 0x12345678);
    store<std::uint64_t>(address, 0x123456789abcdef0);
    store<std::uint64_t>(address + 4096 - 4, 0x123456789abcdef0);
    expect_all_ones(expect, address);

    std::uint8_t copied[40];
    auto* to = copied;
    auto from = address;
    std::size_t count = sizeof(copied);
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
    for (std::uint8_t byte : copied) {
        expect.equal("rep movsb", byte, 0xff);
    }
    return expect.verdict();
}

}  // namespace payload
