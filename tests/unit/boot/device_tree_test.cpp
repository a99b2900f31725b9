// SPDX-License-Identifier: Apache-2.0
// The blob, read back with libfdt's reading half, and how a guest gets it.
#include <libfdt.h>

#include <array>

#include "boot/fdt/fdt_writer.h"
#include "boot/x86_64/boot_loader.h"
#include "boot/x86_64/device_tree.h"
#include "image_files.h"
#include "tests/support/bzimage_builder.h"
#include "tests/support/temporary_file.h"

namespace skiff::boot::x86_64 {
namespace {

using namespace skiff::boot::test;
using Catch::Matchers::Contains;
using skiff::test::BzImageBuilder;
using skiff::test::TemporaryFile;
using Cells = std::vector<std::uint32_t>;

constexpr std::uint64_t kLinked = 0x1000000;
constexpr std::array kSlots{VirtioMmioSlot{{GuestAddress(0xd0000000), 0x1000}, 5, 0},
                            VirtioMmioSlot{{GuestAddress(0xd0001000), 0x1000}, 16, 1}};

/// A property's bytes; fails the test where it is not there.
std::string property(const Bytes& tree, const char* path, const char* name) {
    const int node = fdt_path_offset(tree.data(), path);
    INFO(path << " " << name);
    REQUIRE(node >= 0);
    int length = 0;
    const void* const value = fdt_getprop(tree.data(), node, name, &length);
    REQUIRE(value != nullptr);
    return {static_cast<const char*>(value), static_cast<std::size_t>(length)};
}

Cells cells(const Bytes& tree, const char* path, const char* name) {
    const std::string bytes = property(tree, path, name);
    REQUIRE(bytes.size() % 4 == 0);
    Cells result;
    for (std::size_t i = 0; i < bytes.size(); i += 4) {
        std::uint32_t cell = 0;
        for (std::size_t j = 0; j < 4; ++j) {
            cell = cell << 8 | static_cast<std::uint8_t>(bytes[i + j]);
        }
        result.push_back(cell);
    }
    return result;
}

std::string text(const char* value) {
    return {value, std::char_traits<char>::length(value) + 1};
}

Bytes tree_of(const GuestMemory& memory, const fdt::Chosen& chosen) {
    auto tree = make_device_tree(memory, chosen, kSlots);
    REQUIRE(tree.ok());
    REQUIRE(fdt_check_full(tree->data(), tree->size()) == 0);
    return *tree;
}

Bytes kernel_elf() {
    return ElfBuilder()
        .entry(kLinked)
        .segment({kLinked, pattern(9000), 0x20000})
        .pvh_entry(kLinked + 0x10)
        .build();
}

Result<LoadedGuest> load_with_tree(GuestMemory& memory, const Bytes& kernel,
                                   EntryProtocol protocol = EntryProtocol::kAuto,
                                   const std::string& cmdline = "quiet") {
    const TemporaryFile file(kernel);
    return load(memory, {.kernel_path = file.path(),
                         .initrd_path = {},
                         .modules = {},
                         .cmdline = cmdline,
                         .protocol = protocol,
                         .rsdp_address = {},
                         .device_tree = true,
                         .virtio_slots = {kSlots.begin(), kSlots.end()}});
}

}  // namespace

TEST_CASE("Device tree: each virtio device has its page, its edge and the binding's name") {
    const Bytes tree = tree_of(ram(64 * kMiB), {});
    const char* const second = "/virtio_mmio@d0001000";
    CHECK(property(tree, second, "compatible") == text("virtio,mmio"));
    CHECK(cells(tree, second, "reg") == Cells{0, 0xd0001000, 0, 0x1000});
    CHECK(cells(tree, second, "interrupts") == Cells{16, 3});  // a rising edge at pin 16
    CHECK(property(tree, second, "dma-coherent").empty());
    CHECK(cells(tree, "/virtio_mmio@d0000000", "interrupts") == Cells{5, 3});
}

TEST_CASE("Device tree: devices are wired to the I/O APIC, in cells as the root declares them") {
    const Bytes tree = tree_of(ram(64 * kMiB), {});
    const char* const io_apic = "/interrupt-controller@fec00000";
    CHECK(property(tree, io_apic, "compatible") == text("intel,ce4100-ioapic"));
    CHECK(cells(tree, io_apic, "reg") == Cells{0, 0xfec00000, 0, 0x1000});
    CHECK(cells(tree, io_apic, "#interrupt-cells") == Cells{2});
    CHECK(property(tree, io_apic, "interrupt-controller").empty());
    CHECK(cells(tree, "/", "interrupt-parent") == cells(tree, io_apic, "phandle"));
    CHECK(cells(tree, "/", "#address-cells") == Cells{2});
    CHECK(cells(tree, "/", "#size-cells") == Cells{2});
}

TEST_CASE("Device tree: RAM below and above the 32-bit hole, command line and initrd") {
    const Bytes tree = tree_of(ram(5 * kGiB), {"a=b c", GuestRange{GuestAddress(kGiB), 0x5001}});
    CHECK(cells(tree, "/memory@0", "reg") == Cells{0, 0, 0, 0xc0000000});
    CHECK(cells(tree, "/memory@100000000", "reg") == Cells{1, 0, 0, 0x80000000});
    CHECK(property(tree, "/memory@0", "device_type") == text("memory"));
    CHECK(property(tree, "/chosen", "bootargs") == text("a=b c"));
    CHECK(cells(tree, "/chosen", "linux,initrd-start") == Cells{0, 0x40000000});
    CHECK(cells(tree, "/chosen", "linux,initrd-end") == Cells{0, 0x40005001});
}

TEST_CASE("Device tree: no CPUs, which a kernel would count twice with those of the MP table") {
    const Bytes tree = tree_of(ram(64 * kMiB), {});
    CHECK(fdt_path_offset(tree.data(), "/cpus") == -FDT_ERR_NOTFOUND);
}

TEST_CASE("Device tree: what does not fit is a user error") {
    fdt::FdtWriter writer(256);
    writer.add_string("bootargs", std::string(300, 'x'));
    writer.add_u32("more", 1);
    CHECK_THAT(user_error(writer.finish()), Contains("does not fit into 256 bytes"));
}

TEST_CASE("Device tree: the zero page leads to it by setup_data") {
    GuestMemory memory = ram(64 * kMiB);
    const auto guest = load_with_tree(memory, kernel_elf());
    REQUIRE(guest.ok());
    const Bytes page = guest_bytes(memory, guest->entry.rsi, 4096);
    const auto node = peek<std::uint64_t>(page, 0x250);
    const Bytes header = guest_bytes(memory, node, 16);
    CHECK(node % 8 == 0);
    CHECK(peek<std::uint64_t>(header, 0) == 0);  // the last one
    CHECK(peek<std::uint32_t>(header, 8) == 2);  // SETUP_DTB
    REQUIRE(peek<std::uint32_t>(header, 12) == guest->device_tree.size());
    CHECK(guest_bytes(memory, node + 16, guest->device_tree.size()) == guest->device_tree);
    CHECK(property(guest->device_tree, "/chosen", "bootargs") == text("quiet"));
}

TEST_CASE("Device tree: a PVH kernel is entered by the 64-bit protocol instead") {
    GuestMemory memory = ram(64 * kMiB);
    const auto guest = load_with_tree(memory, kernel_elf());
    REQUIRE(guest.ok());
    CHECK(guest->protocol == EntryProtocol::kLinux64);
    CHECK_THAT(user_error(load_with_tree(memory, kernel_elf(), EntryProtocol::kPvh)),
               Contains("has no place for a device tree"));
}

TEST_CASE("Device tree: a bzImage too old for setup_data is refused") {
    const auto with_version = [](std::uint16_t version) {
        BzImageBuilder builder;
        builder.packed_payload(Compression::kZstd, kernel_elf());
        builder.header().version = version;
        return builder.build();
    };
    GuestMemory memory = ram(64 * kMiB);
    CHECK_THAT(user_error(load_with_tree(memory, with_version(0x0208), EntryProtocol::kLinux64)),
               Contains("its boot protocol 2.08 is older than 2.09"));
    CHECK(load_with_tree(memory, with_version(0x0209), EntryProtocol::kLinux64).ok());
}

TEST_CASE("Device tree: without one there is no setup_data") {
    GuestMemory memory = ram(64 * kMiB);
    const TemporaryFile file(kernel_elf());
    BootRequest request;
    request.kernel_path = file.path();
    request.protocol = EntryProtocol::kLinux64;
    const auto guest = load(memory, request);
    REQUIRE(guest.ok());
    CHECK(guest->device_tree.empty());
    CHECK(peek<std::uint64_t>(guest_bytes(memory, guest->entry.rsi, 4096), 0x250) == 0);
}

}  // namespace skiff::boot::x86_64
