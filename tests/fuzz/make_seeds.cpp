// SPDX-License-Identifier: Apache-2.0
// usage: make_seeds FOLDER      Writes the small sound inputs that the fuzz targets start from.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/support/bzimage_builder.h"

namespace {

using skiff::boot::Compression;
using skiff::test::Bytes;
using skiff::test::BzImageBuilder;
using skiff::test::ElfBuilder;
using skiff::test::pack;
using skiff::test::pattern;

constexpr Compression kAll[] = {Compression::kGzip, Compression::kXz,        Compression::kLzma,
                                Compression::kZstd, Compression::kLz4Legacy, Compression::kBzip2};

void write(const std::filesystem::path& folder, const std::string& name, const Bytes& content) {
    std::filesystem::create_directories(folder);
    std::ofstream stream(folder / name, std::ios::binary);
    stream.write(reinterpret_cast<const char*>(content.data()),
                 static_cast<std::streamsize>(content.size()));
}

Bytes elf_64() {
    return ElfBuilder()
        .entry(0x1000000)
        .segment({0x1000000, pattern(100), 0x2000})
        .pvh_entry(0x1000010)
        .xen_note(19, Bytes(12))
        .symbol("start", 0x1000, 16)
        .build();
}

Bytes elf_32() {
    return ElfBuilder(32)
        .entry(0xc1000000)
        .segment({0x1000000, pattern(100), 0, 0xc1000000})
        .build();
}

/// A Multiboot header that places its image by itself: 12 bytes of magic fields, 20 of addresses.
Bytes multiboot() {
    constexpr std::uint32_t kMagic = 0x1badb002;
    constexpr std::uint32_t kFlags = 0x10003;
    constexpr std::uint32_t kAddress = 0x400000;
    Bytes image = pattern(200);
    std::size_t offset = 0;
    for (const std::uint32_t word : {kMagic, kFlags, 0U - kMagic - kFlags, kAddress, kAddress,
                                     kAddress + 150, kAddress + 0x2000, kAddress + 64}) {
        skiff::test::poke(image, offset, word);
        offset += sizeof word;
    }
    return image;
}

/// A kernel with the text of its configuration inside, as gzip data between marks.
Bytes with_config(const std::string& text) {
    const std::string start = "IKCFG_ST";
    const std::string end = "IKCFG_ED";
    Bytes content(start.begin(), start.end());
    const Bytes packed = pack(Compression::kGzip, Bytes(text.begin(), text.end()));
    content.insert(content.end(), packed.begin(), packed.end());
    content.insert(content.end(), end.begin(), end.end());
    return ElfBuilder().entry(0x1000000).segment({0x1000000, content}).build();
}

Bytes with_tables(Bytes elf, std::initializer_list<std::uint32_t> words) {
    for (const std::uint32_t word : words) {
        elf.resize(elf.size() + 4);
        skiff::test::poke(elf, elf.size() - 4, word);
    }
    return elf;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: make_seeds FOLDER\n", stderr);
        return 2;
    }
    const std::filesystem::path root(argv[1]);
    const Bytes as_is = BzImageBuilder().build();
    for (const char* const target : {"elf", "load", "inspect"}) {
        write(root / target, "elf_64", elf_64());
        write(root / target, "elf_32", elf_32());
    }
    for (const char* const target : {"load", "inspect"}) {
        write(root / target, "multiboot", multiboot());
    }
    for (const char* const target : {"bzimage", "load", "inspect"}) {
        write(root / target, "bzimage_as_is", as_is);
        for (const Compression compression : kAll) {
            write(root / target,
                  "bzimage_" + std::string(skiff::boot::compression_name(compression)),
                  BzImageBuilder().packed_payload(compression, elf_64()).build());
        }
    }
    for (const Compression compression : kAll) {
        write(root / "unpack", std::string(skiff::boot::compression_name(compression)),
              pack(compression, pattern(1000)));
    }
    const std::string config =
        "# Linux/x86 6.1.0 Kernel Configuration\nCONFIG_NR_CPUS=8\nCONFIG_VIRTIO_BLK=m\n"
        "# CONFIG_ACPI is not set\nCONFIG_CMDLINE=\"quiet\"\n";
    write(root / "kernel_config", "text", Bytes(config.begin(), config.end()));
    write(root / "kernel_config", "inside", with_config(config));
    const std::string cpio = "070701";
    write(root / "inspect", "cpio", Bytes(cpio.begin(), cpio.end()));
    write(root / "inspect", "cpio_gzip", pack(Compression::kGzip, Bytes(cpio.begin(), cpio.end())));
    write(root / "relocations", "tables_64",
          with_tables(ElfBuilder().segment({0x100000, pattern(64)}).build(),
                      {0, 0x80100010, 0, 0x80100020, 0, 0x80100030}));
    write(root / "relocations", "tables_32",
          with_tables(ElfBuilder(32).segment({0x100000, pattern(64)}).build(), {0, 0xc0100010}));
    return 0;
}
