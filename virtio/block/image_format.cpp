// SPDX-License-Identifier: Apache-2.0
#include "virtio/block/image_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace skiff::virtio::block {
namespace {

using namespace std::string_view_literals;

struct Format {
    std::string_view name;
    /// What qemu-img calls it, or the program that unpacks it.
    std::string_view tool_name;
    std::size_t offset;
    std::string_view magic;
};

constexpr std::array kImages = {
    Format{"a qcow2 image", "qcow2", 0, "QFI\xfb\0\0\0\x02"sv},
    Format{"a qcow2 image", "qcow2", 0, "QFI\xfb\0\0\0\x03"sv},
    Format{"a qcow image", "qcow", 0, "QFI\xfb\0\0\0\x01"sv},
    Format{"a QED image", "qed", 0, "QED\0"sv},
    Format{"a VHDX image", "vhdx", 0, "vhdxfile"sv},
    Format{"a dynamic VHD image", "vpc", 0, "conectix"sv},
    Format{"a VMDK image", "vmdk", 0, "KDMV"sv},
    Format{"a VMDK image", "vmdk", 0, "COWD"sv},
    Format{"the descriptor of a VMDK image", "vmdk", 0, "# Disk DescriptorFile"sv},
    Format{"a VDI image", "vdi", 64, "\x7f\x10\xda\xbe"sv},
    Format{"a Parallels image", "parallels", 0, "WithoutFreeSpace"sv},
    Format{"a Parallels image", "parallels", 0, "WithouFreSpacExt"sv},
};

// The footer of a fixed VHD; what is before it is raw.
constexpr Format kFixedVhd{"a fixed VHD image", "vpc", 0, "conectix"sv};

constexpr std::array kCompressed = {
    Format{"gzip", "gunzip -k", 0, "\x1f\x8b\x08"sv},
    Format{"xz", "unxz -k", 0, "\xfd\x37zXZ\0"sv},
    Format{"zstd", "unzstd", 0, "\x28\xb5\x2f\xfd"sv},
    Format{"lz4", "unlz4", 0, "\x04\x22\x4d\x18"sv},
    Format{"zip", "unzip", 0, "PK\x03\x04"sv},
    Format{"7z", "7z x", 0, "7z\xbc\xaf\x27\x1c"sv},
};

bool has(std::span<const std::uint8_t> bytes, std::size_t offset, std::string_view magic) {
    return bytes.size() >= offset + magic.size() &&
           std::equal(magic.begin(), magic.end(), bytes.begin() + static_cast<long>(offset),
                      [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
}

/// "BZh", a digit, and the magic of a block.
bool is_bzip2(std::span<const std::uint8_t> head) {
    return has(head, 0, "BZh"sv) && has(head, 4, "1AY&SY"sv);
}

std::string convert(const std::string& path, const Format& format) {
    return fmt::format(
        "disk '{0}' is {1}, and skiff takes raw ones: qemu-img convert -f {2} -O raw '{0}' "
        "'{0}.raw'",
        path, format.name, format.tool_name);
}

std::string unpack(const std::string& path, std::string_view name, std::string_view command) {
    return fmt::format("disk '{0}' is compressed ({1}): unpack it first, {2} '{0}'", path, name,
                       command);
}

}  // namespace

std::optional<std::string> refuse_image_format(const std::string& path,
                                               std::span<const std::uint8_t> head,
                                               std::span<const std::uint8_t> tail) {
    for (const Format& format : kImages) {
        if (has(head, format.offset, format.magic)) {
            return convert(path, format);
        }
    }
    for (const Format& format : kCompressed) {
        if (has(head, format.offset, format.magic)) {
            return unpack(path, format.name, format.tool_name);
        }
    }
    if (is_bzip2(head)) {
        return unpack(path, "bzip2", "bunzip2 -k");
    }
    if (has(tail, 0, kFixedVhd.magic)) {
        return convert(path, kFixedVhd);
    }
    return std::nullopt;
}

}  // namespace skiff::virtio::block
