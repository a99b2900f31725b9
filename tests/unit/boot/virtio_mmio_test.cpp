// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <array>

#include "boot/acpi/virtio_mmio_devices.h"
#include "boot/virtio_mmio_parameters.h"

namespace skiff::boot {
namespace {

constexpr std::array kSlots{VirtioMmioSlot{{GuestAddress(0xd0000000), 0x1000}, 5, 0},
                            VirtioMmioSlot{{GuestAddress(0xd0010000), 0x200}, 23, 16}};

}  // namespace

TEST_CASE("virtio-mmio parameters name size, base, interrupt and id of each device") {
    REQUIRE(virtio_mmio_parameters(kSlots) ==
            "virtio_mmio.device=4K@0xd0000000:5:0 virtio_mmio.device=512@0xd0010000:23:16");
}

TEST_CASE("virtio-mmio parameters are empty where there is no device") {
    REQUIRE(virtio_mmio_parameters({}).empty());
}

TEST_CASE("virtio-mmio devices in ACPI have a name and a _UID each, their page and interrupt") {
    const auto devices = acpi::virtio_mmio_devices(kSlots);
    REQUIRE(devices.size() == 2);
    REQUIRE(devices[0].name == "V000");
    REQUIRE(devices[1].name == "V016");
    REQUIRE(devices[1].hid == "LNRO0005");
    REQUIRE(devices[1].uid == 16);
    REQUIRE(devices[1].memory == std::vector{kSlots[1].registers});
    REQUIRE(devices[1].gsis == std::vector<std::uint32_t>{23});
    REQUIRE(devices[1].cache_coherent);
}

}  // namespace skiff::boot
