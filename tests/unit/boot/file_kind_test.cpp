// SPDX-License-Identifier: Apache-2.0
#include "boot/file_kind.h"

#include "boot/inspect.h"
#include "boot/symbols.h"
#include "image_files.h"
#include "tests/support/bzimage_builder.h"
#include "tests/support/temporary_file.h"

namespace skiff::boot::test {
namespace {

using skiff::test::BzImageBuilder;
using skiff::test::pack;
using skiff::test::TemporaryFile;

std::string kind_of(const Bytes& bytes) {
    const auto kind = identify_file(file_of(bytes));
    REQUIRE(kind.ok());
    return kind->id;
}

Bytes with_magic(std::size_t offset, const std::string& magic) {
    Bytes bytes(0x9000);
    std::copy(magic.begin(), magic.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    return bytes;
}

Bytes bytes_of(const std::string& text) {
    return {text.begin(), text.end()};
}

std::string property(const Inspection& inspection, const std::string& key) {
    for (const Property& candidate : inspection.properties) {
        if (candidate.key == key) {
            return candidate.value;
        }
    }
    return "(none)";
}

Inspection inspected(const Bytes& bytes) {
    const TemporaryFile file(bytes);
    auto inspection = inspect(file.path());
    REQUIRE(inspection.ok());
    return *std::move(inspection);
}

}  // namespace

TEST_CASE("File kinds are known by their magic numbers") {
    CHECK(kind_of({}) == "empty");
    CHECK(kind_of(ElfBuilder().build()) == "elf");
    CHECK(kind_of(BzImageBuilder().build()) == "bzimage");
    CHECK(kind_of(with_magic(0x38, "ARM\x64")) == "aarch64_image");
    CHECK(kind_of(with_magic(0, "MZ")) == "pe");
    CHECK(kind_of(with_magic(0, "QFI\xfb")) == "qcow2");
    CHECK(kind_of(with_magic(0, "KDMV")) == "vmdk");
    CHECK(kind_of(with_magic(0, "hsqs")) == "squashfs");
    CHECK(kind_of(with_magic(0x438, "\x53\xef")) == "ext");
    CHECK(kind_of(with_magic(0x8001, "CD001")) == "iso9660");
    CHECK(kind_of(with_magic(0x200, "EFI PART")) == "gpt");
    CHECK(kind_of(with_magic(0, "070701")) == "cpio");
    CHECK(kind_of(bytes_of("root:x:0:0:root:/root:/bin/bash\n")) == "text");
    CHECK(kind_of(bytes_of("#!/bin/sh\n")) == "script");
    CHECK(kind_of(pack(Compression::kXz, pattern(64))) == "xz");
    CHECK(kind_of(Bytes(64)) == "data");
    Bytes mbr = with_magic(0x1fe, "\x55\xaa");
    CHECK(kind_of(mbr) == "data");
    mbr[0x1be + 4] = 0x83;
    mbr[0x1be + 12] = 1;
    CHECK(kind_of(mbr) == "mbr");
}

TEST_CASE("Inspection of a bzImage tells what is inside and how it is entered") {
    Bytes content = pattern(9000);
    const std::string banner = "Linux version 6.1.7 (me@here) #1\n";
    std::copy(banner.begin(), banner.end(), content.begin() + 100);
    const Bytes elf =
        ElfBuilder().entry(0x1000000).segment({0x1000000, content}).pvh_entry(0x1000010).build();
    const Inspection inspection =
        inspected(BzImageBuilder().packed_payload(Compression::kXz, elf).build());
    CHECK(inspection.kind == "bzimage");
    CHECK(inspection.bootable);
    CHECK(property(inspection, "compression") == "xz");
    CHECK(property(inspection, "linux_version") == "6.1.7 (me@here) #1");
    CHECK(property(inspection, "config") == "not found, inside or beside");
    CHECK(property(inspection, "entry") == "pvh, linux64");
    CHECK(property(inspection, "cmdline_limit") == "2047 bytes");
}

TEST_CASE("Inspection looks into a compressed initramfs") {
    Bytes cpio(2000);
    const std::string magic = "070701";
    std::copy(magic.begin(), magic.end(), cpio.begin());
    for (const Compression compression :
         {Compression::kGzip, Compression::kXz, Compression::kLzma, Compression::kZstd,
          Compression::kLz4Legacy, Compression::kBzip2}) {
        INFO(compression_name(compression));
        const Inspection inspection = inspected(pack(compression, cpio));
        CHECK(property(inspection, "content") == "a cpio archive (an initramfs)");
        CHECK_FALSE(inspection.bootable);
    }
}

TEST_CASE("Inspection of a broken kernel is a finding, not an error") {
    const Inspection inspection = inspected(ElfBuilder().machine(183).build());
    CHECK_FALSE(inspection.bootable);
    CHECK_THAT(inspection.obstacle, Catch::Matchers::Contains("aarch64"));
}

TEST_CASE("Symbol table names the function that an address lies in") {
    ElfBuilder builder;
    builder.segment({0x100000, pattern(64)})
        .symbol("start", 0x1000, 0x100)
        .symbol("second", 0x1100, 0x100)
        .symbol("far\x1b", 0x900000, 0x10);
    const TemporaryFile file(builder.build());
    const auto symbols = SymbolTable::load(file.path());
    REQUIRE(symbols.ok());
    CHECK(symbols->size() == 3);
    CHECK(symbols->find(0xfff) == std::nullopt);
    CHECK(symbols->find(0x1000) == "start");
    CHECK(symbols->find(0x10ff) == "start+0xff");
    CHECK(symbols->find(0x1100) == "second");
    CHECK(symbols->find(0x800000) == std::nullopt);
    CHECK(symbols->find(0x900001) == "far?+0x1");
    CHECK(symbols->find(~0ULL) == std::nullopt);
}

TEST_CASE("Symbol table of a file without symbols is empty, of a lying one an error") {
    const TemporaryFile stripped(ElfBuilder().segment({0x100000, pattern(64)}).build());
    CHECK(SymbolTable::load(stripped.path())->empty());
    const TemporaryFile bzimage(BzImageBuilder().build());
    CHECK(SymbolTable::load(bzimage.path())->empty());

    const Bytes sound =
        ElfBuilder().segment({0x100000, pattern(64)}).symbol("start", 0x1000, 16).build();
    const auto sections = peek<std::uint64_t>(sound, 40);
    for (const std::size_t field : {24UL, 32UL}) {  // sh_offset and sh_size of section 1.
        Bytes lying = sound;
        poke(lying, sections + 64 + field, ~std::uint64_t{0});
        const TemporaryFile file(lying);
        CHECK_FALSE(SymbolTable::load(file.path()).ok());
    }
    Bytes far = sound;
    poke(far, 40, ~std::uint64_t{0} - 100);
    const TemporaryFile file(far);
    CHECK_FALSE(SymbolTable::load(file.path()).ok());
}

}  // namespace skiff::boot::test
