// SPDX-License-Identifier: Apache-2.0
#include "boot/x86_64/zero_page.h"

#include <array>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "base/units.h"
#include "boot/setup_header.h"
#include "boot/x86_64/low_memory.h"
#include "boot/x86_64/memory_map.h"

namespace skiff::boot::x86_64 {
namespace {

// Offsets in struct boot_params (zero-page.rst).
constexpr std::size_t kAcpiRsdpAddr = 0x070;
constexpr std::size_t kExtRamdiskImage = 0x0c0;
constexpr std::size_t kExtRamdiskSize = 0x0c4;
constexpr std::size_t kExtCmdLinePtr = 0x0c8;
constexpr std::size_t kE820Entries = 0x1e8;
constexpr std::size_t kE820Table = 0x2d0;
constexpr std::size_t kMaxE820Entries = 128;

/// struct boot_e820_entry.
struct [[gnu::packed]] E820Entry {
    std::uint64_t addr;
    std::uint64_t size;
    std::uint32_t type;
};
static_assert(sizeof(E820Entry) == 20);
static_assert(kE820Table + kMaxE820Entries * sizeof(E820Entry) == 0xcd0);

/// The protocol that we fill in for a kernel that brings no header: enough for every field below.
constexpr std::uint16_t kMadeUpVersion = 0x020c;
constexpr std::uint16_t kNormalVideoMode = 0xffff;

using ZeroPage = std::array<std::uint8_t, kPageSize>;

template <typename T>
void put(ZeroPage& page, std::size_t offset, const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    SKIFF_CHECK(offset <= page.size() && sizeof value <= page.size() - offset);
    std::memcpy(page.data() + offset, &value, sizeof value);
}

std::uint32_t low_half(std::uint64_t value) {
    return static_cast<std::uint32_t>(value);
}

std::uint32_t high_half(std::uint64_t value) {
    return static_cast<std::uint32_t>(value >> 32);
}

SetupHeader made_up_header(const BootData& data) {
    SetupHeader header{};
    header.boot_flag = kBootFlag;
    header.header = kHeaderMagic;
    header.version = kMadeUpVersion;
    header.loadflags = kLoadedHigh;
    header.kernel_alignment = 2 * kMiB;
    header.cmdline_size = low_half(data.cmdline_size);
    return header;
}

/// The "write" and "modify" fields of boot.rst. What a hostile image put into fields that only a
/// loader or the set-up code fills in goes.
void fill_in(SetupHeader& header, std::uint64_t load_address, const BootData& data) {
    header.vid_mode = kNormalVideoMode;
    header.type_of_loader = kLoaderUndefined;
    header.loadflags = kLoadedHigh;
    header.realmode_swtch = 0;
    header.code32_start = low_half(load_address);
    header.heap_end_ptr = 0;
    header.ext_loader_ver = 0;
    header.ext_loader_type = 0;
    header.cmd_line_ptr = low_half(data.cmdline.value());
    header.hardware_subarch = 0;
    header.hardware_subarch_data = 0;
    header.setup_data = data.setup_data.value_or(GuestAddress(0)).value();
    header.ramdisk_image = 0;
    header.ramdisk_size = 0;
    if (data.initrd.has_value()) {
        header.ramdisk_image = low_half(data.initrd->start.value());
        header.ramdisk_size = low_half(data.initrd->size_bytes);
    }
}

}  // namespace

Result<std::uint64_t> write_zero_page(GuestMemory& memory, MemoryPlan& plan,
                                      const std::optional<BzImage>& bzimage,
                                      std::uint64_t load_address, const BootData& data) {
    SKIFF_RETURN_IF_ERROR(plan.claim("the zero page", {kZeroPageAddress, kPageSize}));
    ZeroPage page{};
    SetupHeader header = bzimage.has_value() ? bzimage->header : made_up_header(data);
    fill_in(header, load_address, data);
    put(page, kSetupHeaderOffset, header);
    put(page, kAcpiRsdpAddr, data.rsdp_address.value_or(0));
    put(page, kExtCmdLinePtr, high_half(data.cmdline.value()));
    if (data.initrd.has_value()) {
        put(page, kExtRamdiskImage, high_half(data.initrd->start.value()));
        put(page, kExtRamdiskSize, high_half(data.initrd->size_bytes));
    }

    const std::vector<MemoryMapEntry> map = make_memory_map(memory);
    SKIFF_CHECK(map.size() <= kMaxE820Entries);
    put(page, kE820Entries, static_cast<std::uint8_t>(map.size()));
    for (std::size_t i = 0; i < map.size(); ++i) {
        const E820Entry entry{map[i].range.start.value(), map[i].range.size_bytes,
                              static_cast<std::uint32_t>(map[i].type)};
        put(page, kE820Table + i * sizeof entry, entry);
    }
    SKIFF_CHECK(memory.write(kZeroPageAddress, page));
    return kZeroPageAddress.value();
}

}  // namespace skiff::boot::x86_64
