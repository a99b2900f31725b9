// SPDX-License-Identifier: Apache-2.0
#include "boot/x86_64/device_tree.h"

#include "base/check.h"
#include "boot/wire.h"
#include "boot/x86_64/low_memory.h"

namespace skiff::boot::x86_64 {
namespace {

/// struct setup_data (arch/x86/include/uapi/asm/bootparam.h); its contents follow.
struct [[gnu::packed]] SetupData {
    static constexpr std::uint32_t kDtb = 2;

    std::uint64_t next = 0;
    std::uint32_t type;
    std::uint32_t length;
};
static_assert(sizeof(SetupData) == 16);
// The tree behind it wants 8 bytes (Devicetree Specification 0.4, 5.6).
static_assert(kSetupDataRange.start.value() % 8 == 0 && sizeof(SetupData) % 8 == 0);

constexpr std::size_t kMaxTreeBytes = kSetupDataRange.size_bytes - sizeof(SetupData);

constexpr std::uint64_t kIoApicAddress = 0xfec00000;
constexpr std::uint64_t kIoApicSize = 0x1000;
constexpr std::uint32_t kIoApicPhandle = 1;
/// Second cell of this controller's interrupts: a rising edge (of_ioapic_type[] in
/// arch/x86/kernel/devicetree.c).
constexpr std::uint32_t kEdgeRising = 3;

std::vector<std::uint32_t> io_apic_interrupt(std::uint32_t gsi) {
    return {gsi, kEdgeRising};
}

/// The one I/O APIC binding that arch/x86/kernel/devicetree.c knows.
void add_io_apic(fdt::FdtWriter& writer) {
    const fdt::FdtWriter::Node node(writer, "interrupt-controller@fec00000");
    writer.add_string("compatible", "intel,ce4100-ioapic");
    writer.add_u64s("reg", {kIoApicAddress, kIoApicSize});
    writer.add_flag("interrupt-controller");
    writer.add_u32("#interrupt-cells", 2);
    writer.add_u32("#address-cells", 0);
    writer.add_u32("phandle", kIoApicPhandle);
}

}  // namespace

Result<std::vector<std::uint8_t>> make_device_tree(const GuestMemory& memory,
                                                   const fdt::Chosen& chosen,
                                                   std::span<const VirtioMmioSlot> slots) {
    fdt::FdtWriter writer(kMaxTreeBytes);
    fdt::add_root_properties(writer, "skiff,microvm-x86_64", kIoApicPhandle);
    fdt::add_chosen(writer, chosen);
    fdt::add_memory(writer, memory.regions());
    add_io_apic(writer);
    fdt::add_virtio_mmio(writer, slots, io_apic_interrupt);
    return writer.finish();
}

Result<GuestAddress> write_setup_dtb(GuestMemory& memory, MemoryPlan& plan,
                                     std::span<const std::uint8_t> tree) {
    SKIFF_CHECK(tree.size() <= kMaxTreeBytes);
    const GuestAddress address = kSetupDataRange.start;
    std::vector<std::uint8_t> bytes;
    append_wire(bytes, SetupData{.type = SetupData::kDtb,
                                 .length = static_cast<std::uint32_t>(tree.size())});
    bytes.insert(bytes.end(), tree.begin(), tree.end());
    SKIFF_RETURN_IF_ERROR(plan.claim("the device tree", {address, bytes.size()}));
    SKIFF_CHECK(memory.write(address, bytes));
    return address;
}

}  // namespace skiff::boot::x86_64
