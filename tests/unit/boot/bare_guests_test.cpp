// SPDX-License-Identifier: Apache-2.0
// Multiboot and flat images: headers, placement beside everything, what is handed over.
#include <cstring>

#include "boot/multiboot.h"
#include "boot/x86_64/boot_loader.h"
#include "boot/x86_64/multiboot_info.h"
#include "image_files.h"
#include "tests/support/temporary_file.h"

namespace skiff::boot::x86_64::test {
namespace {

using namespace skiff::boot::test;
using Catch::Matchers::Contains;
using skiff::test::TemporaryFile;

constexpr std::uint64_t kLinked = 0x400000;
constexpr std::uint32_t kMagic = 0x1badb002;
constexpr std::uint32_t kAddressFields = 1U << 16;

/// A header at `offset` of the image's bytes.
Bytes with_header(Bytes bytes, std::size_t offset, std::uint32_t flags,
                  const std::vector<std::uint32_t>& fields = {}) {
    poke<std::uint32_t>(bytes, offset, kMagic);
    poke<std::uint32_t>(bytes, offset + 4, flags);
    poke<std::uint32_t>(bytes, offset + 8, 0U - kMagic - flags);
    for (std::size_t i = 0; i < fields.size(); ++i) {
        poke<std::uint32_t>(bytes, offset + 12 + 4 * i, fields[i]);
    }
    return bytes;
}

Bytes multiboot_elf(std::uint32_t flags = 3, std::uint64_t address = kLinked,
                    std::uint64_t memory_size = 0x2000) {
    ElfBuilder builder(32);
    builder.entry(address + 0x20)
        .segment({address, with_header(pattern(0x800), 0x10, flags), memory_size});
    return builder.build();
}

/// Address fields for bytes that are loaded to kLinked, the header at offset 8.
std::vector<std::uint32_t> fields(std::uint32_t load_end, std::uint32_t bss_end) {
    return {kLinked + 8, kLinked, load_end, bss_end, kLinked + 0x40};
}

Bytes part_of_pattern(std::size_t begin, std::size_t end) {
    const Bytes whole = pattern(end);
    return {whole.begin() + static_cast<std::ptrdiff_t>(begin), whole.end()};
}

struct Booted {
    GuestMemory memory;
    Result<LoadedGuest> guest;
};

Booted boot(const Bytes& image, BootRequest request = {}, const Bytes& module = {},
            std::uint64_t memory_bytes = 16 * kMiB) {
    const TemporaryFile kernel(image);
    const TemporaryFile module_file(module);
    request.kernel_path = kernel.path();
    if (!module.empty()) {
        request.initrd_path = module_file.path();
    }
    Booted result{ram(memory_bytes), Error::user("not yet")};
    result.guest = load(result.memory, request);
    return result;
}

std::string boot_error(const Bytes& image, const BootRequest& request = {}) {
    return user_error(boot(image, request).guest);
}

BootRequest flat(std::uint64_t address, FlatMode mode) {
    BootRequest request;
    request.flat = FlatImage{address, mode};
    return request;
}

MultibootInfo info_of(const Booted& booted) {
    REQUIRE(booted.guest.ok());
    const auto info = booted.memory.read<MultibootInfo>(GuestAddress(booted.guest->entry.rbx));
    REQUIRE(info.has_value());
    return *info;
}

}  // namespace

TEST_CASE("a Multiboot ELF image is entered with the magic number and its information") {
    BootRequest request;
    request.cmdline = "console=ttyS0";
    request.bare_cmdline = "one two";
    const Booted booted = boot(multiboot_elf(), request, pattern(5000));
    const MultibootInfo info = info_of(booted);
    const EntryState& entry = booted.guest->entry;
    CHECK(booted.guest->protocol == EntryProtocol::kMultiboot);
    CHECK(entry.mode == EntryState::Mode::kProtected32);
    CHECK(entry.rip == kLinked + 0x20);
    CHECK(entry.rax == 0x2badb002);
    CHECK(guest_bytes(booted.memory, kLinked + 0x100, 0x100) == part_of_pattern(0x100, 0x200));

    CHECK(info.flags == 0x24d);
    CHECK(info.mem_lower == 639);
    CHECK(info.mem_upper == 15 * 1024);
    // argv[0] is the file, as other loaders have it; nothing that only a Linux knows.
    const std::string cmdline = text_of(guest_bytes(booted.memory, info.cmdline, 200));
    CHECK_THAT(cmdline, Catch::Matchers::EndsWith(" one two"));
    CHECK(cmdline.find("console") == std::string::npos);
    CHECK(cmdline == booted.guest->cmdline);
    CHECK(text_of(guest_bytes(booted.memory, info.boot_loader_name, 6)) == "skiff");

    REQUIRE(info.mods_count == 1);
    const auto module = booted.memory.read<MultibootModule>(GuestAddress(info.mods_addr));
    REQUIRE(module.has_value());
    CHECK(module->mod_start == kLinked + 0x2000);
    CHECK(module->mod_end == module->mod_start + 5000);
    CHECK(guest_bytes(booted.memory, module->mod_start, 5000) == pattern(5000));
    CHECK_FALSE(text_of(guest_bytes(booted.memory, module->string, 200)).empty());

    REQUIRE(info.mmap_length == 3 * 24);
    const Bytes map = guest_bytes(booted.memory, info.mmap_addr, info.mmap_length);
    CHECK(peek<std::uint32_t>(map, 0) == 20);
    CHECK(peek<std::uint64_t>(map, 4) == 0);
    CHECK(peek<std::uint64_t>(map, 12) == 0x9fc00);
    CHECK(peek<std::uint32_t>(map, 20) == 1);
    CHECK(peek<std::uint32_t>(map, 24 + 20) == 2);
    CHECK(peek<std::uint64_t>(map, 48 + 4) == kMiB);
    CHECK(peek<std::uint64_t>(map, 48 + 12) == 15 * kMiB);
}

TEST_CASE("several modules follow one another, each with its name and words") {
    const TemporaryFile first(pattern(5000));
    const TemporaryFile second(pattern(3));
    BootRequest request;
    request.modules = {{first.path(), "some words"}, {second.path(), ""}};
    const Booted booted = boot(multiboot_elf(), request);
    const MultibootInfo info = info_of(booted);
    REQUIRE(info.mods_count == 2);
    const auto module = [&](std::uint32_t index) {
        const auto read = booted.memory.read<MultibootModule>(
            GuestAddress(info.mods_addr + index * sizeof(MultibootModule)));
        REQUIRE(read.has_value());
        return *read;
    };
    CHECK(guest_bytes(booted.memory, module(0).mod_start, 5000) == pattern(5000));
    CHECK(guest_bytes(booted.memory, module(1).mod_start, 3) == pattern(3));
    CHECK(module(1).mod_start == module(0).mod_start + 2 * kPageSize);
    CHECK(module(1).mod_end == module(1).mod_start + 3);
    CHECK(text_of(guest_bytes(booted.memory, module(0).string, 200)) ==
          first.path() + " some words");
    CHECK(text_of(guest_bytes(booted.memory, module(1).string, 200)) == second.path());
}

TEST_CASE("real mode's interrupts return, with an EOI where an 8259 waits for it") {
    for (const bool multiboot : {true, false}) {
        const Booted booted =
            multiboot ? boot(multiboot_elf()) : boot(pattern(64), flat(0x7c00, FlatMode::kReal));
        REQUIRE(booted.guest.ok());
        CHECK(booted.guest->expects_firmware);
        const Bytes vectors = guest_bytes(booted.memory, 0, 1024);
        const auto code_at = [&](std::size_t vector) {
            const std::uint64_t offset = peek<std::uint16_t>(vectors, 4 * vector);
            const std::uint64_t segment = peek<std::uint16_t>(vectors, 4 * vector + 2);
            return guest_bytes(booted.memory, 16 * segment + offset, 9);
        };
        const Bytes master = {0x50, 0xb0, 0x20, 0xe6, 0x20, 0x58, 0xcf};
        const Bytes slave = {0x50, 0xb0, 0x20, 0xe6, 0xa0, 0xe6, 0x20, 0x58, 0xcf};
        for (std::size_t vector = 0; vector < 256; ++vector) {
            INFO(vector);
            const Bytes code = code_at(vector);
            if (vector >= 0x70 && vector < 0x78) {
                CHECK(code == slave);
            } else if (vector >= 0x08 && vector < 0x10) {
                CHECK(Bytes(code.begin(), code.begin() + 7) == master);
            } else {
                CHECK(code.front() == 0xcf);
            }
        }
    }
}

TEST_CASE("an image that lies at address 0 stays whole, and finds no firmware") {
    const Booted booted = boot(pattern(64), flat(0, FlatMode::kReal));
    REQUIRE(booted.guest.ok());
    CHECK_FALSE(booted.guest->expects_firmware);
    CHECK(guest_bytes(booted.memory, 0, 64) == pattern(64));
    CHECK_FALSE(boot(pattern(64), flat(0x100000, FlatMode::kLong64)).guest->expects_firmware);
}

TEST_CASE("without a module there is none, and the path alone is the command line") {
    const Booted booted = boot(multiboot_elf());
    const MultibootInfo info = info_of(booted);
    CHECK(info.mods_count == 0);
    CHECK(text_of(guest_bytes(booted.memory, info.cmdline, 200)).find(' ') == std::string::npos);
}

TEST_CASE("what is handed over lies where the image does not") {
    // All of conventional memory but page 0 is the image's.
    const Booted low = boot(multiboot_elf(3, 0x1000, 0x9ec00));
    CHECK(info_of(low).cmdline >= kMiB);
    CHECK(low.guest->entry.rbx >= kMiB);
    CHECK(low.guest->entry.gdt_base >= kMiB);
    CHECK(guest_bytes(low.memory, 0x1000, 4) == Bytes(pattern(4)));
    // Only where it usually lies.
    const Booted some = boot(multiboot_elf(3, 0x1000, 0x8000));
    CHECK(some.guest->entry.rbx >= 0x9000);
    CHECK(some.guest->entry.rbx < 0x9fc00);
}

TEST_CASE("the module lies behind an image that is placed below and above 1 MiB") {
    ElfBuilder builder(32);
    builder.entry(kLinked).segment({kLinked, with_header(pattern(0x800), 0, 3), 0x1000});
    builder.segment({0x8000, pattern(100), 100});
    const Booted booted = boot(builder.build(), {}, pattern(10));
    const MultibootInfo info = info_of(booted);
    const auto module = booted.memory.read<MultibootModule>(GuestAddress(info.mods_addr));
    CHECK(module->mod_start == kLinked + 0x1000);
}

TEST_CASE("address fields place an image that is no ELF file") {
    const Bytes image = with_header(pattern(0x600), 8, kAddressFields, fields(0, 0));
    const Booted whole = boot(image);
    REQUIRE(whole.guest.ok());
    CHECK(whole.guest->entry.rip == kLinked + 0x40);
    CHECK(guest_bytes(whole.memory, kLinked, 0x600) == image);

    const Booted part = boot(
        with_header(pattern(0x600), 8, kAddressFields, fields(kLinked + 0x100, kLinked + 0x5000)));
    REQUIRE(part.guest.ok());
    CHECK(guest_bytes(part.memory, kLinked + 0x80, 0x80) == part_of_pattern(0x80, 0x100));
    CHECK(guest_bytes(part.memory, kLinked + 0x100, 0x100) == Bytes(0x100));
    // The bss belongs to the image: a module goes behind it.
    const Booted more = boot(
        with_header(pattern(0x600), 8, kAddressFields, fields(kLinked + 0x100, kLinked + 0x5000)),
        {}, pattern(10));
    const MultibootInfo info = info_of(more);
    CHECK(more.memory.read<MultibootModule>(GuestAddress(info.mods_addr))->mod_start ==
          kLinked + 0x5000);
}

TEST_CASE("address fields go before the ELF headers") {
    ElfBuilder builder(32);
    // The file has its first segment's bytes at 0x1000.
    builder.entry(0x900000).segment(
        {0x900000,
         with_header(pattern(0x800), 0, kAddressFields,
                     {kLinked + 0x1000, kLinked + 0x1000, 0, 0, kLinked + 0x1020}),
         0x800});
    const Booted booted = boot(builder.build());
    REQUIRE(booted.guest.ok());
    CHECK(booted.guest->entry.rip == kLinked + 0x1020);
    CHECK(guest_bytes(booted.memory, 0x900000, 16) == Bytes(16));
}

TEST_CASE("a PVH note goes before a Multiboot header unless asked otherwise") {
    ElfBuilder builder(32);
    builder.entry(kLinked)
        .segment({kLinked, with_header(pattern(0x800), 0, 3), 0x1000})
        .pvh_entry(kLinked + 0x30);
    CHECK(boot(builder.build()).guest->protocol == EntryProtocol::kPvh);
    BootRequest request;
    request.protocol = EntryProtocol::kMultiboot;
    CHECK(boot(builder.build(), request).guest->protocol == EntryProtocol::kMultiboot);
}

TEST_CASE("a header is found at the end of the first 8 KiB, and not behind it") {
    const auto found = [](std::size_t offset) {
        const auto header = find_multiboot_header(file_of(with_header(Bytes(0x4000), offset, 0)));
        REQUIRE(header.ok());
        return header->has_value();
    };
    CHECK(found(0));
    CHECK(found(8192 - 12));
    CHECK_FALSE(found(8192 - 8));
    CHECK_FALSE(found(8192));
    CHECK_FALSE(found(2));
}

TEST_CASE("a wrong Multiboot image is one error that names the flaw") {
    const auto with_fields = [](const std::vector<std::uint32_t>& values) {
        return with_header(pattern(0x600), 8, kAddressFields, values);
    };
    const struct {
        Bytes image;
        std::string message;
    } cases[] = {
        {multiboot_elf(0x8), "requires what is not known here (flags 0x8)"},
        {with_header(Bytes(0x600, 1), 8, 3), "without address fields"},
        {with_fields({kLinked, kLinked + 4, 0, 0, kLinked}), "is not in what is loaded"},
        {with_fields({kLinked + 0x800, kLinked, 0, 0, kLinked}), "is not in what is loaded"},
        {with_fields({kLinked + 8, kLinked, kLinked, 0, kLinked}), "ends its data"},
        {with_fields({kLinked + 8, kLinked, kLinked + 0x100, kLinked + 0x80, kLinked}),
         "ends its data"},
        {with_fields(fields(kLinked + 0x601, 0)), "cut off"},
        {with_fields({kLinked + 8, kLinked, 0, 0, kLinked + 0x600}), "outside of its segments"},
        {with_fields(fields(0, 0xffffffff)), "not inside of guest RAM"},
        {with_header(pattern(0x20), 0x10, kAddressFields), "cut off"},
    };
    for (const auto& c : cases) {
        CHECK_THAT(boot_error(c.image), Contains(c.message));
    }
    BootRequest request;
    request.protocol = EntryProtocol::kMultiboot;
    ElfBuilder plain;
    plain.entry(kLinked).segment({kLinked, pattern(100), 100});
    CHECK_THAT(boot_error(plain.build(), request), Contains("cannot be entered by multiboot"));
    request.device_tree = true;
    CHECK_THAT(boot_error(multiboot_elf(), request), Contains("no place for a device tree"));
}

TEST_CASE("a wrong checksum makes no Multiboot image") {
    Bytes image = multiboot_elf();
    poke<std::uint32_t>(image, 4096 + 0x10 + 8, 7);
    CHECK(boot(image).guest->protocol == EntryProtocol::kLinux32);
}

TEST_CASE("a flat image is entered at its first byte, in the mode asked for") {
    const Bytes image = pattern(700);
    const Booted boot_sector = boot(image, flat(0x7c00, FlatMode::kReal));
    REQUIRE(boot_sector.guest.ok());
    CHECK(boot_sector.guest->entry.mode == EntryState::Mode::kReal16);
    CHECK(boot_sector.guest->entry.code_segment == 0);
    CHECK(boot_sector.guest->entry.rip == 0x7c00);
    CHECK(guest_bytes(boot_sector.memory, 0x7c00, 700) == image);

    const Booted high = boot(image, flat(0x12345, FlatMode::kReal));
    REQUIRE(high.guest.ok());
    CHECK(high.guest->entry.code_segment == 0x1234);
    CHECK(high.guest->entry.rip == 5);

    const Booted protected_mode = boot(image, flat(0x100000, FlatMode::kProtected32));
    REQUIRE(protected_mode.guest.ok());
    CHECK(protected_mode.guest->entry.mode == EntryState::Mode::kProtected32);
    CHECK(protected_mode.guest->entry.gdt_base != 0);

    // Over the place where the tables usually are.
    const Booted long_mode = boot(image, flat(0x9000, FlatMode::kLong64));
    REQUIRE(long_mode.guest.ok());
    CHECK(long_mode.guest->entry.mode == EntryState::Mode::kLong64);
    CHECK(guest_bytes(long_mode.memory, 0x9000, 700) == image);
    const auto root =
        long_mode.memory.read<std::uint64_t>(GuestAddress(long_mode.guest->entry.cr3));
    CHECK((*root & 1) == 1);
}

TEST_CASE("a flat image that cannot be is one error") {
    CHECK_THAT(boot_error(pattern(10), flat(kMiB, FlatMode::kReal)), Contains("up to 0x100000"));
    CHECK_THAT(boot_error(pattern(10), flat(4 * kGiB, FlatMode::kLong64)),
               Contains("up to 0x100000000"));
    CHECK_THAT(boot_error(pattern(10), flat(0xa0000, FlatMode::kReal)),
               Contains("not inside of guest RAM"));
    CHECK_THAT(boot_error({}, flat(0x7c00, FlatMode::kReal)), Contains("is empty"));
    BootRequest request = flat(0x7c00, FlatMode::kReal);
    request.bare_cmdline = "words";
    CHECK_THAT(boot_error(pattern(10), request), Contains("takes no command line"));
}

}  // namespace skiff::boot::x86_64::test
