// SPDX-License-Identifier: Apache-2.0
#include "boot/file_kind.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string_view>

#include "boot/bzimage.h"
#include "boot/compression.h"

namespace skiff::boot {
namespace {

using namespace std::string_view_literals;

/// How much of the file's beginning the table below looks at.
constexpr std::uint64_t kHeadBytes = 0x8100 + 6;
/// How much of it must be text to call it text.
constexpr std::size_t kTextProbeBytes = 512;

struct Magic {
    std::size_t offset;
    std::string_view bytes;
    std::string_view id;
    std::string_view description;
    std::string_view hint;
};

constexpr std::string_view kDiskHint = "a disk image is no kernel";
constexpr std::string_view kInitrdHint = "an initrd goes behind -i, the kernel is given apart";

/// First match wins: what is more specific comes first.
constexpr std::array kMagics{
    Magic{0x38, "ARM\x64"sv, "aarch64_image", "an aarch64 Linux Image",
          "skiff on this machine boots x86-64 kernels"},
    Magic{0x30, "RISCV\0\0\0"sv, "riscv_image", "a RISC-V Linux Image",
          "skiff on this machine boots x86-64 kernels"},
    Magic{0, "\x27\x05\x19\x56"sv, "uimage", "a U-Boot uImage", "give the kernel inside of it"},
    Magic{0, "\xd0\x0d\xfe\xed"sv, "fdt", "a flattened device tree or FIT image", ""},
    Magic{0, "QFI\xfb"sv, "qcow2", "a QCOW2 disk image", kDiskHint},
    Magic{0, "KDMV"sv, "vmdk", "a VMDK disk image", kDiskHint},
    Magic{0, "# Disk DescriptorFile"sv, "vmdk", "a VMDK disk descriptor", kDiskHint},
    Magic{0, "conectix"sv, "vhd", "a VHD disk image", kDiskHint},
    Magic{0, "vhdxfile"sv, "vhdx", "a VHDX disk image", kDiskHint},
    Magic{0x40, "\x7f\x10\xda\xbe"sv, "vdi", "a VirtualBox disk image", kDiskHint},
    Magic{0, "hsqs"sv, "squashfs", "a squashfs file system", kDiskHint},
    Magic{0, "XFSB"sv, "xfs", "an XFS file system", kDiskHint},
    Magic{0x400, "\xe2\xe1\xf5\xe0"sv, "erofs", "an EROFS file system", kDiskHint},
    Magic{0x8001, "CD001"sv, "iso9660", "an ISO 9660 image (CD-ROM)", kDiskHint},
    Magic{0x438, "\x53\xef"sv, "ext", "an ext2/3/4 file system", kDiskHint},
    Magic{0x200, "EFI PART"sv, "gpt", "a disk image with a GPT partition table", kDiskHint},
    Magic{0, "070701"sv, "cpio", "a cpio archive (an initramfs)", kInitrdHint},
    Magic{0, "070702"sv, "cpio", "a cpio archive (an initramfs)", kInitrdHint},
    Magic{0, "\xc7\x71"sv, "cpio_old", "an old binary cpio archive", "Linux wants newc format"},
    Magic{0x101, "ustar"sv, "tar", "a tar archive", "give a file inside of it"},
    Magic{0, "PK\x03\x04"sv, "zip", "a zip archive", "give a file inside of it"},
    Magic{0, "!<arch>\n"sv, "ar", "an ar archive or Debian package", "give a file inside of it"},
    Magic{0, "\xed\xab\xee\xdb"sv, "rpm", "an RPM package", "give a file inside of it"},
    Magic{0, "\x89LZO\0"sv, "lzo", "an lzop-compressed file", "unpack it first"},
    Magic{0, "\x04\x22\x4d\x18"sv, "lz4_frame", "an lz4-compressed file", "unpack it first"},
    Magic{0, "#!"sv, "script", "a script", ""},
    Magic{0, "MZ"sv, "pe", "an EFI or Windows program (PE)",
          "if it is an EFI kernel, its vmlinux or bzImage is needed"},
};

bool matches(std::span<const std::uint8_t> head, std::size_t offset, std::string_view bytes) {
    return head.size() >= offset + bytes.size() &&
           std::memcmp(head.data() + offset, bytes.data(), bytes.size()) == 0;
}

bool is_text(std::span<const std::uint8_t> head) {
    const auto probe = head.first(std::min(head.size(), kTextProbeBytes));
    return std::all_of(probe.begin(), probe.end(), [](std::uint8_t byte) {
        return (byte >= ' ' && byte != 0x7f) || byte == '\n' || byte == '\t' || byte == '\r';
    });
}

/// A boot signature with at least one plausible partition: status 0x00 or 0x80, a type, a size.
bool has_mbr_partitions(std::span<const std::uint8_t> head) {
    constexpr std::size_t kTable = 0x1be;
    constexpr std::size_t kEntryBytes = 16;
    if (!matches(head, 0x1fe, "\x55\xaa"sv)) {
        return false;
    }
    for (std::size_t i = 0; i < 4; ++i) {
        const auto entry = head.subspan(kTable + i * kEntryBytes, kEntryBytes);
        std::uint32_t sectors = 0;
        std::memcpy(&sectors, entry.data() + 12, sizeof sectors);
        if ((entry[0] & 0x7f) == 0 && entry[4] != 0 && sectors != 0) {
            return true;
        }
    }
    return false;
}

}  // namespace

Result<FileKind> identify_file(const File& file) {
    SKIFF_ASSIGN_OR_RETURN(const auto head, file.read_up_to(0, kHeadBytes));
    if (head.empty()) {
        return FileKind{"empty", "an empty file", ""};
    }
    if (matches(head, 0, "\x7f\x45LF"sv)) {
        return FileKind{"elf", "an ELF file", ""};
    }
    if (looks_like_bzimage(head)) {
        return FileKind{"bzimage", "a Linux kernel for x86 (bzImage)", ""};
    }
    for (const Magic& magic : kMagics) {
        if (matches(head, magic.offset, magic.bytes)) {
            return FileKind{std::string(magic.id), std::string(magic.description),
                            std::string(magic.hint)};
        }
    }
    if (const auto compression = identify_compression(head); compression.has_value()) {
        const auto name = compression_name(*compression);
        return FileKind{std::string(name),
                        fmt::format("{} {}-compressed file",
                                    name[0] == 'x' || name[0] == 'l' ? "an" : "a", name),
                        "if it is a packed kernel, unpack it first; an initrd goes behind -i"};
    }
    if (has_mbr_partitions(head)) {
        return FileKind{"mbr", "a disk image with an MBR partition table", std::string(kDiskHint)};
    }
    if (is_text(head)) {
        return FileKind{"text", "a text file", ""};
    }
    return FileKind{"data", "data of an unknown kind", ""};
}

}  // namespace skiff::boot
