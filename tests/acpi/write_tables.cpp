// SPDX-License-Identifier: Apache-2.0
// Writes the ACPI tables of a machine into files that iasl reads: DIRECTORY/<signature>.dat.
// usage: write_tables CPUS DIRECTORY
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/guest_memory.h"
#include "base/units.h"
#include "boot/acpi/acpi_tables.h"
#include "boot/acpi/virtio_mmio_devices.h"

namespace {

using skiff::GuestAddress;
using skiff::GuestMemory;

std::uint32_t read32(const GuestMemory& memory, std::uint64_t address) {
    return memory.read<std::uint32_t>(GuestAddress(address)).value();
}
std::uint64_t read64(const GuestMemory& memory, std::uint64_t address) {
    std::uint64_t value = 0;
    for (unsigned i = 8; i-- > 0;) {
        value = value << 8 | memory.read<std::uint8_t>(GuestAddress(address + i)).value();
    }
    return value;
}

void save(const GuestMemory& memory, std::uint64_t address, const std::string& directory) {
    std::vector<std::uint8_t> bytes(read32(memory, address + 4));
    if (!memory.read(GuestAddress(address), bytes)) {
        std::abort();
    }
    std::ofstream file(directory + "/" + std::string(bytes.begin(), bytes.begin() + 4) + ".dat",
                       std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) {
        std::abort();
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("usage: write_tables CPUS DIRECTORY\n", stderr);
        return 2;
    }
    const std::string directory = argv[2];
    const skiff::GuestRange ram{GuestAddress(0), skiff::kMiB};
    auto memory = GuestMemory::create({&ram, 1}, {});
    skiff::boot::acpi::AcpiConfig config;
    config.cpu_count = static_cast<unsigned>(std::strtoul(argv[1], nullptr, 10));
    const std::array slots{
        skiff::boot::VirtioMmioSlot{{GuestAddress(0xd0000000), 0x1000}, 5, 0},
        skiff::boot::VirtioMmioSlot{{GuestAddress(0xd0010000), 0x1000}, 23, 16},
    };
    for (auto& device : skiff::boot::acpi::virtio_mmio_devices(slots)) {
        config.devices.push_back(std::move(device));
    }
    const auto rsdp = skiff::boot::acpi::write_acpi_tables(*memory, config);
    if (!rsdp.ok()) {
        std::fprintf(stderr, "%s\n", rsdp.error().message().c_str());
        return 1;
    }
    const std::uint64_t xsdt = read64(*memory, rsdp->value() + 24);
    save(*memory, xsdt, directory);
    const std::uint32_t length = read32(*memory, xsdt + 4);
    for (std::uint64_t entry = xsdt + 36; entry < xsdt + length; entry += 8) {
        const std::uint64_t table = read64(*memory, entry);
        save(*memory, table, directory);
        if (read32(*memory, table) == 0x50434146) {  // "FACP"
            save(*memory, read64(*memory, table + 140), directory);
        }
    }
    return 0;
}
