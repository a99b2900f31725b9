// SPDX-License-Identifier: Apache-2.0
#include "boot/bzimage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/units.h"
#include "boot/cmdline.h"
#include "boot/initrd.h"

namespace skiff::boot {
namespace {

constexpr std::uint64_t kSectorBytes = 512;
constexpr std::uint64_t kDefaultSetupSectors = 4;
constexpr std::uint64_t kHighLoadAddress = 0x100000;
/// Where boot.rst's jump instruction ends; its operand counts from there.
constexpr std::size_t kJumpEnd = 0x202;
constexpr std::uint64_t kMaxVersionText = 256;
/// cmdline_size before protocol 2.06.
constexpr std::uint64_t kOldCmdlineLimit = 255;

Error bad_image(const File& file, const std::string& flaw) {
    return Error::user("'" + file.name() + "' cannot be booted: " + flaw);
}

bool is_power_of_two(std::uint64_t value) {
    return value != 0 && (value & (value - 1)) == 0;
}

/// The header's bytes that exist: its length is in the jump instruction (boot.rst, "32-bit Boot
/// Protocol"), and it grew with the protocol.
SetupHeader copy_header(std::span<const std::uint8_t> head) {
    const std::size_t end =
        std::min({kJumpEnd + head[0x201], head.size(), kSetupHeaderOffset + sizeof(SetupHeader)});
    SetupHeader header{};
    std::memcpy(&header, head.data() + kSetupHeaderOffset, end - kSetupHeaderOffset);
    return header;
}

Result<std::string> read_version_text(const File& file, const SetupHeader& header,
                                      std::uint64_t setup_sectors) {
    const std::uint64_t pointer = header.kernel_version;
    if (pointer == 0 || pointer >= setup_sectors * kSectorBytes) {
        return std::string();
    }
    SKIFF_ASSIGN_OR_RETURN(const auto bytes, file.read_up_to(pointer + 0x200, kMaxVersionText));
    const auto end = std::find(bytes.begin(), bytes.end(), std::uint8_t{0});
    std::string text(bytes.begin(), end);
    // It goes to the terminal: nothing but printable ASCII.
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return text;
}

Result<void> find_protected_mode(const File& file, std::uint64_t setup_sectors, BzImage& image) {
    image.protected_mode_offset = (setup_sectors + 1) * kSectorBytes;
    if (image.protected_mode_offset >= file.size_bytes()) {
        return bad_image(file, "the file is cut off: the bzImage ends inside of its set-up code");
    }
    const std::uint64_t left = file.size_bytes() - image.protected_mode_offset;
    // Before 2.04 the upper half of syssize means nothing.
    const std::uint64_t announced =
        image.version >= 0x0204 ? std::uint64_t{image.header.syssize} * 16 : left;
    // Some tools leave out the padding of the last paragraph.
    if (announced == 0 || announced > left + 15) {
        return bad_image(file, fmt::format("the file is cut off: its bzImage header announces {} "
                                           "bytes of kernel, the file has {}",
                                           announced, left));
    }
    image.protected_mode_size = std::min(announced, left);
    return {};
}

Result<void> find_payload(const File& file, BzImage& image) {
    if (image.version < 0x0208 || image.header.payload_offset == 0) {
        return {};
    }
    const std::uint64_t offset = image.header.payload_offset;
    const std::uint64_t size = image.header.payload_length;
    if (offset > image.protected_mode_size || size > image.protected_mode_size - offset) {
        return bad_image(file, fmt::format("its payload ({} bytes at {:#x}) is outside of the "
                                           "bzImage's {} bytes of kernel",
                                           size, offset, image.protected_mode_size));
    }
    image.payload_offset = image.protected_mode_offset + offset;
    image.payload_size = size;
    return {};
}

/// The fields that say where and how the kernel can be loaded, with boot.rst's defaults.
Result<void> read_placement(const File& file, BzImage& image) {
    const SetupHeader& header = image.header;
    image.cmdline_limit = image.version >= 0x0206 ? header.cmdline_size : kOldCmdlineLimit;
    image.initrd_highest_byte = image.version >= 0x0203 && header.initrd_addr_max != 0
                                    ? header.initrd_addr_max
                                    : kInitrdMaxLegacy;
    image.relocatable = image.version >= 0x0205 && header.relocatable_kernel != 0;
    image.alignment = image.version >= 0x0205 ? header.kernel_alignment : 1;
    if (image.relocatable && !is_power_of_two(image.alignment)) {
        return bad_image(
            file, fmt::format("its kernel_alignment {:#x} is not a power of two", image.alignment));
    }
    if (!is_power_of_two(image.alignment)) {
        image.alignment = 1;
    }
    image.min_alignment = image.alignment;
    const unsigned min_shift = header.min_alignment;
    if (image.version >= 0x020a && min_shift != 0 && min_shift < 32) {
        image.min_alignment = std::min(image.alignment, std::uint64_t{1} << min_shift);
    }
    image.pref_address = image.version >= 0x020a && header.pref_address != 0 ? header.pref_address
                                                                             : kHighLoadAddress;
    image.init_size = image.version >= 0x020a ? header.init_size : 0;
    image.has_64_bit_entry = image.version >= 0x020c && (header.xloadflags & kXlfKernel64) != 0;
    return {};
}

}  // namespace

bool looks_like_bzimage(std::span<const std::uint8_t> head) {
    if (head.size() < kJumpEnd + 4) {
        return false;
    }
    std::uint16_t boot_flag = 0;
    std::uint32_t magic = 0;
    std::memcpy(&boot_flag, head.data() + 0x1fe, sizeof boot_flag);
    std::memcpy(&magic, head.data() + kJumpEnd, sizeof magic);
    return boot_flag == kBootFlag && magic == kHeaderMagic;
}

Result<BzImage> parse_bzimage(const File& file) {
    SKIFF_ASSIGN_OR_RETURN(const auto head, file.read_up_to(0, kSetupHeaderLimit));
    if (!looks_like_bzimage(head)) {
        return bad_image(file, "it is not a bzImage");
    }
    if (head.size() < kSetupHeaderLimit) {
        return bad_image(file, "the file is cut off inside of its bzImage header");
    }
    BzImage image;
    image.header = copy_header(head);
    image.version = image.header.version;
    if (image.version < 0x0202) {
        return bad_image(file, fmt::format("its Linux boot protocol {}.{:02} is older than 2.02",
                                           image.version >> 8, image.version & 0xff));
    }
    if ((image.header.loadflags & kLoadedHigh) == 0) {
        return bad_image(file, "it is a zImage, which loads below 1 MiB; a bzImage is needed");
    }
    const std::uint64_t setup_sectors =
        image.header.setup_sects != 0 ? image.header.setup_sects : kDefaultSetupSectors;
    SKIFF_RETURN_IF_ERROR(find_protected_mode(file, setup_sectors, image));
    SKIFF_RETURN_IF_ERROR(find_payload(file, image));
    SKIFF_RETURN_IF_ERROR(read_placement(file, image));
    SKIFF_ASSIGN_OR_RETURN(image.kernel_version,
                           read_version_text(file, image.header, setup_sectors));
    return image;
}

}  // namespace skiff::boot
