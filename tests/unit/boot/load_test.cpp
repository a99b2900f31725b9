// SPDX-License-Identifier: Apache-2.0
// The whole way from files to guest memory and entry state: placement, limits, hand-over.
#include "boot/x86_64/boot_loader.h"
#include "boot/x86_64/pvh.h"
#include "image_files.h"
#include "tests/support/bzimage_builder.h"
#include "tests/support/temporary_file.h"

namespace skiff::boot::x86_64::test {
namespace {

using namespace skiff::boot::test;
using Catch::Matchers::Contains;
using skiff::test::BzImageBuilder;
using skiff::test::TemporaryFile;

constexpr std::uint64_t kLinked = 0x1000000;

ElfBuilder kernel_elf() {
    ElfBuilder builder;
    builder.entry(kLinked).segment({kLinked, pattern(9000), 0x20000}).pvh_entry(kLinked + 0x10);
    return builder;
}

struct Case {
    Bytes kernel;
    Bytes initrd;
    std::string cmdline = "console=ttyS0";
    EntryProtocol protocol = EntryProtocol::kAuto;
};

Result<LoadedGuest> load_case(GuestMemory& memory, const Case& c) {
    const TemporaryFile kernel(c.kernel);
    const TemporaryFile initrd(c.initrd);
    BootRequest request;
    request.kernel_path = kernel.path();
    if (!c.initrd.empty()) {
        request.initrd_path = initrd.path();
    }
    request.cmdline = c.cmdline;
    request.protocol = c.protocol;
    request.rsdp_address = 0xe0000;
    return load(memory, request);
}

std::string load_error(std::uint64_t memory_bytes, const Case& c) {
    GuestMemory memory = ram(memory_bytes);
    return user_error(load_case(memory, c));
}

GuestRange placement(const LoadedGuest& guest, const std::string& name) {
    for (const Placement& placed : guest.placements) {
        if (placed.name == name) {
            return placed.range;
        }
    }
    FAIL("no placement " << name);
    return {};
}

Bytes gdt_of(const GuestMemory& memory, const EntryState& entry) {
    return guest_bytes(memory, entry.gdt_base, entry.gdt_limit + std::size_t{1});
}

}  // namespace

TEST_CASE("PVH entry gets a start info with command line, initrd, RSDP and memory map") {
    GuestMemory memory = ram(64 * kMiB);
    const Bytes initrd = pattern(10000);
    const auto guest = load_case(memory, {kernel_elf().build(), initrd});
    REQUIRE(guest.ok());
    CHECK(guest->protocol == EntryProtocol::kPvh);
    CHECK(guest->entry.mode == EntryState::Mode::kProtected32);
    CHECK(guest->entry.rip == kLinked + 0x10);
    CHECK(guest->entry.rsi == 0);
    CHECK(guest_bytes(memory, kLinked, 9000) == pattern(9000));
    CHECK(guest_bytes(memory, kLinked + 9000, 1000) == Bytes(1000));

    const auto info = memory.read<HvmStartInfo>(GuestAddress(guest->entry.rbx));
    REQUIRE(info.has_value());
    CHECK(info->magic == 0x336ec578);
    CHECK(info->version == 1);
    CHECK(info->rsdp_paddr == 0xe0000);
    CHECK(text_of(guest_bytes(memory, info->cmdline_paddr, 64)) == "console=ttyS0");
    REQUIRE(info->nr_modules == 1);
    const auto module = memory.read<HvmModule>(GuestAddress(info->modlist_paddr));
    REQUIRE(module.has_value());
    CHECK(module->paddr == 64 * kMiB - 12288);
    CHECK(module->size == 10000);
    CHECK(guest_bytes(memory, module->paddr, 10000) == initrd);
    REQUIRE(info->memmap_entries == 3);
    const auto entry = [&](std::uint64_t index) {
        return *memory.read<HvmMemmapEntry>(GuestAddress(info->memmap_paddr + 24 * index));
    };
    CHECK((entry(0).addr == 0 && entry(0).size == 0x9fc00 && entry(0).type == 1));
    CHECK((entry(1).addr == 0x9fc00 && entry(1).size == 0x60400 && entry(1).type == 2));
    CHECK((entry(2).addr == kMiB && entry(2).size == 63 * kMiB && entry(2).type == 1));
    // 32-bit flat code at 0x10, data at 0x18.
    const Bytes gdt = gdt_of(memory, guest->entry);
    CHECK(peek<std::uint64_t>(gdt, 0x10) == 0x00cf9b000000ffff);
    CHECK(peek<std::uint64_t>(gdt, 0x18) == 0x00cf93000000ffff);
}

TEST_CASE("64-bit entry gets a zero page, page tables and a 64-bit code segment") {
    GuestMemory memory = ram(5 * kGiB);
    const auto guest =
        load_case(memory, {kernel_elf().build(), pattern(5000), "quiet", EntryProtocol::kLinux64});
    REQUIRE(guest.ok());
    CHECK(guest->entry.mode == EntryState::Mode::kLong64);
    CHECK(guest->entry.rip == kLinked);
    CHECK(guest->entry.rbx == 0);
    const Bytes page = guest_bytes(memory, guest->entry.rsi, 4096);
    CHECK(peek<std::uint64_t>(page, 0x070) == 0xe0000);
    CHECK(page[0x1ef] == 0);
    CHECK(peek<std::uint16_t>(page, 0x1fe) == 0xaa55);
    CHECK(peek<std::uint32_t>(page, 0x202) == 0x53726448);
    CHECK(page[0x210] == 0xff);
    CHECK((page[0x211] & 1) == 1);
    CHECK(peek<std::uint32_t>(page, 0x218) == 0x80000000 - 8192);
    CHECK(peek<std::uint32_t>(page, 0x21c) == 5000);
    CHECK(text_of(guest_bytes(memory, peek<std::uint32_t>(page, 0x228), 64)) == "quiet");
    REQUIRE(page[0x1e8] == 4);
    CHECK(peek<std::uint64_t>(page, 0x2d0 + 40) == kMiB);
    CHECK(peek<std::uint64_t>(page, 0x2d0 + 48) == 3 * kGiB - kMiB);
    CHECK(peek<std::uint64_t>(page, 0x2d0 + 60) == 4 * kGiB);
    CHECK(peek<std::uint64_t>(page, 0x2d0 + 68) == 2 * kGiB);
    CHECK(peek<std::uint32_t>(page, 0x2d0 + 76) == 1);

    // Walk the tables for an address in each GiB.
    for (const std::uint64_t address : {0x0ULL, 0x1234567ULL, 0x7fffffffULL, 0xffffffffULL}) {
        const auto entry = [&](std::uint64_t table, std::uint64_t index) {
            return *memory.read<std::uint64_t>(GuestAddress((table & 0xffffffffff000) + 8 * index));
        };
        const std::uint64_t directory =
            entry(entry(guest->entry.cr3, address >> 39), (address >> 30) & 511);
        const std::uint64_t page_entry = entry(directory, (address >> 21) & 511);
        CHECK((page_entry & 0x83) == 0x83);
        CHECK((page_entry & 0xfffffffe00000) == (address & ~0x1fffffULL));
    }
    CHECK(peek<std::uint64_t>(gdt_of(memory, guest->entry), 0x10) == 0x00af9b000000ffff);
}

TEST_CASE("Entry protocol is PVH, 64-bit, 32-bit by preference, or as asked for") {
    const auto protocol_of = [](const Bytes& kernel, EntryProtocol wanted) {
        GuestMemory memory = ram(64 * kMiB);
        const auto guest = load_case(memory, {kernel, {}, "", wanted});
        REQUIRE(guest.ok());
        return guest->protocol;
    };
    const Bytes both = kernel_elf().build();
    const Bytes plain = ElfBuilder().entry(kLinked).segment({kLinked, pattern(64)}).build();
    const Bytes small = ElfBuilder(32).entry(kLinked).segment({kLinked, pattern(64)}).build();
    CHECK(protocol_of(both, EntryProtocol::kAuto) == EntryProtocol::kPvh);
    CHECK(protocol_of(both, EntryProtocol::kLinux64) == EntryProtocol::kLinux64);
    CHECK(protocol_of(plain, EntryProtocol::kAuto) == EntryProtocol::kLinux64);
    CHECK(protocol_of(plain, EntryProtocol::kLinux32) == EntryProtocol::kLinux32);
    CHECK(protocol_of(small, EntryProtocol::kAuto) == EntryProtocol::kLinux32);
    CHECK_THAT(load_error(64 * kMiB, {plain, {}, "", EntryProtocol::kPvh}),
               Contains("cannot be entered by pvh; it offers linux64, linux32"));
    CHECK_THAT(load_error(64 * kMiB, {small, {}, "", EntryProtocol::kLinux64}),
               Contains("it offers linux32"));
}

TEST_CASE("bzImage is entered through the ELF inside, with its own header in the zero page") {
    GuestMemory memory = ram(64 * kMiB);
    BzImageBuilder builder;
    builder.packed_payload(Compression::kZstd, kernel_elf().build());
    builder.header().root_dev = 0x1234;
    builder.header().setup_data = 0xdeadbeef;
    const auto guest = load_case(memory, {builder.build(), {}, "quiet", EntryProtocol::kLinux64});
    REQUIRE(guest.ok());
    CHECK(guest->entry.rip == kLinked);
    CHECK(guest->kernel_description == "bzImage of Linux 6.1.0-test (zstd)");
    CHECK(guest_bytes(memory, kLinked, 9000) == pattern(9000));
    const Bytes page = guest_bytes(memory, guest->entry.rsi, 4096);
    CHECK(peek<std::uint16_t>(page, 0x1fc) == 0x1234);
    CHECK(peek<std::uint64_t>(page, 0x250) == 0);
    CHECK(peek<std::uint32_t>(page, 0x214) == kLinked);
}

TEST_CASE("bzImage without an ELF inside is entered as it is") {
    for (const bool has_64_bit_entry : {true, false}) {
        GuestMemory memory = ram(64 * kMiB);
        BzImageBuilder builder;
        builder.header().xloadflags = has_64_bit_entry ? kXlfKernel64 : 0;
        const auto guest = load_case(memory, {builder.build(), {}});
        REQUIRE(guest.ok());
        CHECK(guest->protocol ==
              (has_64_bit_entry ? EntryProtocol::kLinux64 : EntryProtocol::kLinux32));
        CHECK(guest->entry.rip == kLinked + (has_64_bit_entry ? 0x200 : 0));
        CHECK(guest_bytes(memory, kLinked, 1024) == pattern(1024));
    }
}

TEST_CASE("bzImage that is not relocatable is loaded at 1 MiB and keeps its run-time place") {
    BzImageBuilder builder;
    builder.header().relocatable_kernel = 0;
    GuestMemory memory = ram(32 * kMiB);
    const auto guest = load_case(memory, {builder.build(), pattern(14 * kMiB)});
    REQUIRE(guest.ok());
    CHECK(placement(*guest, "kernel").start == GuestAddress(kMiB));
    CHECK(placement(*guest, "initrd").start == GuestAddress(18 * kMiB));
    CHECK_THAT(load_error(16 * kMiB, {builder.build(), {}}), Contains("not inside of guest RAM"));
}

TEST_CASE("64-bit kernel in a relocatable bzImage is placed lower where RAM ends too early") {
    BzImageBuilder builder;
    builder.packed_payload(Compression::kGzip, kernel_elf().build());
    GuestMemory memory = ram(8 * kMiB);
    const auto guest = load_case(memory, {builder.build(), {}});
    REQUIRE(guest.ok());
    // The PVH entry has its addresses built in.
    CHECK(guest->protocol == EntryProtocol::kLinux64);
    CHECK(guest->entry.rip == 0x200000);
    CHECK(guest_bytes(memory, 0x200000, 9000) == pattern(9000));
    CHECK(guest->symbol_offset == 0);

    CHECK_THAT(load_error(8 * kMiB, {builder.build(), {}, "", EntryProtocol::kPvh}),
               Contains("at least 17 MiB"));
    builder.header().relocatable_kernel = 0;
    CHECK_THAT(load_error(8 * kMiB, {builder.build(), {}}), Contains("at least 17 MiB"));
    CHECK_THAT(load_error(8 * kMiB, {kernel_elf().build(), {}}), Contains("at least 17 MiB"));
}

TEST_CASE("PVH kernel with PHYS32_RELOC is placed where its note allows") {
    Bytes note(12);
    poke<std::uint32_t>(note, 0, 0x400000);
    poke<std::uint32_t>(note, 4, 0x400000);
    poke<std::uint32_t>(note, 8, 0x7fffff);
    GuestMemory memory = ram(12 * kMiB);
    const auto guest = load_case(memory, {kernel_elf().xen_note(19, note).build(), {}});
    REQUIRE(guest.ok());
    CHECK(guest->protocol == EntryProtocol::kPvh);
    CHECK(guest->entry.rip == 0x400010);
    poke<std::uint32_t>(note, 8, 0x401000);
    CHECK_THAT(load_error(12 * kMiB, {kernel_elf().xen_note(19, note).build(), {}}),
               Contains("at least 17 MiB"));
}

TEST_CASE("32-bit kernel in a relocatable bzImage is relocated when it is moved") {
    constexpr std::uint64_t kVirtual = 0xc1000000;
    Bytes content = pattern(4096);
    poke<std::uint32_t>(content, 0x100, 0xc1000200);
    ElfBuilder elf(32);
    elf.entry(kLinked).segment({kLinked, content, 0, kVirtual});
    Bytes payload = elf.build();
    payload.resize(payload.size() + 8);
    poke<std::uint32_t>(payload, payload.size() - 4, kVirtual + 0x100);
    BzImageBuilder builder;
    builder.header().xloadflags = 0;
    builder.packed_payload(Compression::kXz, payload);
    GuestMemory memory = ram(8 * kMiB);
    const auto guest = load_case(memory, {builder.build(), {}});
    REQUIRE(guest.ok());
    CHECK(guest->protocol == EntryProtocol::kLinux32);
    CHECK(guest->entry.rip == 0x200000);
    CHECK(memory.read<std::uint32_t>(GuestAddress(0x200100)) == 0xc0200200);
    CHECK(guest->symbol_offset == 0x200000 - kLinked);

    poke<std::uint32_t>(payload, payload.size() - 4, 0x12345678);
    BzImageBuilder hostile;
    hostile.packed_payload(Compression::kXz, payload);
    CHECK_THAT(load_error(8 * kMiB, {hostile.build(), {}}), Contains("outside of the kernel"));
    BzImageBuilder bare;
    bare.packed_payload(Compression::kXz, elf.build());
    CHECK_THAT(load_error(8 * kMiB, {bare.build(), {}}), Contains("no relocation tables"));
}

TEST_CASE("Initrd goes to the highest place that the kernel allows") {
    const auto initrd_end = [](std::uint64_t memory_bytes, std::uint32_t addr_max) {
        BzImageBuilder builder;
        builder.packed_payload(Compression::kGzip, kernel_elf().build());
        builder.header().initrd_addr_max = addr_max;
        GuestMemory memory = ram(memory_bytes);
        const auto guest = load_case(memory, {builder.build(), pattern(8192)});
        REQUIRE(guest.ok());
        return placement(*guest, "initrd").end();
    };
    CHECK(initrd_end(64 * kMiB, 0x7fffffff) == 64 * kMiB);
    CHECK(initrd_end(3 * kGiB, 0x7fffffff) == 0x80000000);
    CHECK(initrd_end(5 * kGiB, 0xffffffff) == 3 * kGiB);
    CHECK(initrd_end(5 * kGiB, 0x37ffffff) == 0x38000000);
    CHECK(initrd_end(64 * kMiB, 0x2fff800) == 0x2fff000);
}

TEST_CASE("Initrd stays clear of the kernel and its init_size") {
    BzImageBuilder builder;
    builder.packed_payload(Compression::kGzip, kernel_elf().build());
    builder.header().init_size = 0x400000;
    GuestMemory memory = ram(24 * kMiB);
    const auto guest = load_case(memory, {builder.build(), pattern(8 * kMiB)});
    REQUIRE(guest.ok());
    CHECK(placement(*guest, "initrd").end() == kLinked);
    CHECK_THAT(load_error(24 * kMiB, {builder.build(), pattern(16 * kMiB)}),
               Contains("does not fit"));
}

TEST_CASE("Command line is limited by the kernel, and the error has both lengths") {
    const Bytes elf = kernel_elf().build();
    GuestMemory memory = ram(64 * kMiB);
    CHECK(load_case(memory, {elf, {}, std::string(2047, 'x')}).ok());
    CHECK_THAT(load_error(64 * kMiB, {elf, {}, std::string(2048, 'x')}),
               Contains("2048 bytes") && Contains("2047"));
    CHECK_THAT(load_error(64 * kMiB, {elf, {}, std::string("a\0b", 3)}), Contains("NUL"));

    BzImageBuilder builder;
    builder.header().cmdline_size = 100;
    CHECK_THAT(load_error(64 * kMiB, {builder.build(), {}, std::string(101, 'x')}),
               Contains("101 bytes") && Contains("at most 100"));
    builder.header().cmdline_size = 0xffffffff;
    CHECK_THAT(load_error(64 * kMiB, {builder.build(), {}, std::string(kMiB, 'x')}),
               Contains("at most"));
}

TEST_CASE("Segments over each other, over loader data or over the BIOS area are refused") {
    const auto with_segment_at = [](std::uint64_t address) {
        return kernel_elf().segment({address, pattern(4096)}).build();
    };
    CHECK_THAT(load_error(64 * kMiB, {with_segment_at(kLinked + 0x1f000), {}}),
               Contains("kernel segment 1") && Contains("kernel segment 0"));
    CHECK_THAT(load_error(64 * kMiB, {with_segment_at(0x20000), {}}), Contains("the command line"));
    CHECK_THAT(load_error(64 * kMiB, {with_segment_at(0x2000), {}}), Contains("start info"));
    CHECK_THAT(load_error(64 * kMiB, {with_segment_at(0xa0000), {}}),
               Contains("not inside of guest RAM"));
    CHECK_THAT(load_error(64 * kMiB, {with_segment_at(0x9f000), {}}),
               Contains("not inside of guest RAM"));
    CHECK_THAT(load_error(5 * kGiB, {with_segment_at(3 * kGiB), {}}),
               Contains("not inside of guest RAM"));
}

TEST_CASE("Entries outside of the kernel are refused") {
    ElfBuilder pvh;
    pvh.entry(kLinked).segment({kLinked, pattern(64)}).pvh_entry(0x5000000);
    CHECK_THAT(load_error(64 * kMiB, {pvh.build(), {}}), Contains("PVH entry 0x5000000"));
    ElfBuilder elf;
    elf.entry(~0ULL).segment({kLinked, pattern(64)});
    CHECK_THAT(load_error(64 * kMiB, {elf.build(), {}}), Contains("ELF entry"));
    ElfBuilder high;
    high.entry(5 * kGiB).segment({5 * kGiB, pattern(64)});
    CHECK_THAT(load_error(6 * kGiB, {high.build(), {}}), Contains("above 4 GiB"));
}

TEST_CASE("The smallest guest gets an error, not a crash") {
    CHECK_FALSE(load_error(4096, {kernel_elf().build(), {}}).empty());
    CHECK_FALSE(load_error(64 * kKiB, {BzImageBuilder().build(), {}}).empty());
    CHECK_FALSE(load_error(kMiB, {kernel_elf().build(), pattern(100)}).empty());
}

TEST_CASE("A missing, empty or unsuitable kernel or initrd is a user error that names it") {
    GuestMemory memory = ram(64 * kMiB);
    BootRequest request;
    request.kernel_path = "/nonexistent/vmlinux";
    CHECK_THAT(user_error(load(memory, request)),
               Contains("/nonexistent/vmlinux") && Contains("No such file"));
    request.kernel_path = "/";
    CHECK_THAT(user_error(load(memory, request)), Contains("a directory"));
    CHECK_THAT(load_error(64 * kMiB, {Bytes(), {}}), Contains("an empty file"));
    const std::string script = "#!/bin/sh\n";
    CHECK_THAT(load_error(64 * kMiB, {Bytes(script.begin(), script.end()), {}}),
               Contains("a script") && Contains("bzImage"));

    const TemporaryFile kernel(kernel_elf().build());
    const TemporaryFile empty(Bytes{});
    request.kernel_path = kernel.path();
    request.initrd_path = empty.path();
    CHECK_THAT(user_error(load(memory, request)), Contains("is empty"));
}

}  // namespace skiff::boot::x86_64::test
