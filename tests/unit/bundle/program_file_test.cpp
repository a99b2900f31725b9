// SPDX-License-Identifier: Apache-2.0
#include "vmm/bundle/program_file.h"

#include <elf.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <string>

namespace skiff::bundle {
namespace {

using Kind = ProgramFile::Kind;

ProgramFile inspected(const std::string& content) {
    const std::vector<std::uint8_t> bytes(content.begin(), content.end());
    return inspect_program(File::from_bytes("x", bytes).value()).value();
}

/// An ELF file with these program headers behind its own, and `tail` behind them.
std::string elf(unsigned type, unsigned machine, const std::vector<Elf64_Phdr>& table,
                const std::string& tail = "") {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_type = static_cast<Elf64_Half>(type);
    header.e_machine = static_cast<Elf64_Half>(machine);
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = static_cast<Elf64_Half>(table.size());
    std::string text(reinterpret_cast<const char*>(&header), sizeof header);
    for (const Elf64_Phdr& entry : table) {
        text.append(reinterpret_cast<const char*>(&entry), sizeof entry);
    }
    return text + tail;
}

Elf64_Phdr entry(unsigned type, std::uint64_t offset = 0, std::uint64_t size = 0) {
    Elf64_Phdr header{};
    header.p_type = type;
    header.p_offset = offset;
    header.p_filesz = size;
    return header;
}

TEST_CASE("Programs: ELF files are told by what starts them") {
    const std::string loader("/lib64/ld.so\0", 13);
    const std::uint64_t behind = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr);
    const auto dynamic = inspected(
        elf(ET_DYN, EM_X86_64, {entry(PT_DYNAMIC), entry(PT_INTERP, behind, 13)}, loader));
    CHECK(dynamic.kind == Kind::kDynamic);
    CHECK(dynamic.interpreter == "/lib64/ld.so");
    CHECK(inspected(elf(ET_EXEC, EM_X86_64, {entry(PT_LOAD)})).kind == Kind::kStatic);
    CHECK(inspected(elf(ET_DYN, EM_X86_64, {entry(PT_DYNAMIC)})).kind == Kind::kLibrary);
    CHECK(inspected(elf(ET_EXEC, EM_AARCH64, {})).kind == Kind::kForeign);
    CHECK(inspected(elf(ET_REL, EM_X86_64, {})).kind == Kind::kForeign);
}

TEST_CASE("Programs: ELF headers that lie lead nowhere") {
    CHECK(inspected(elf(ET_EXEC, EM_X86_64, {entry(PT_INTERP, ~0ULL, 20)})).interpreter.empty());
    CHECK(inspected(elf(ET_EXEC, EM_X86_64, {entry(PT_INTERP, 0, ~0ULL)})).interpreter.empty());
    std::string cut = elf(ET_EXEC, EM_X86_64, {entry(PT_INTERP, 0, 4)});
    CHECK(inspected(cut.substr(0, sizeof(Elf64_Ehdr))).kind == Kind::kStatic);
    CHECK(inspected(cut.substr(0, 20)).kind == Kind::kOther);
    CHECK(inspected("").kind == Kind::kOther);
    CHECK(inspected("text\n").kind == Kind::kOther);
}

TEST_CASE("Programs: a script's first line names its interpreter and one argument") {
    const auto script = inspected("#! /usr/bin/env  python3 -u \nprint()\n");
    CHECK(script.kind == Kind::kScript);
    CHECK(script.interpreter == "/usr/bin/env");
    CHECK(script.argument == "python3 -u");
    CHECK(inspected("#!/bin/sh").interpreter == "/bin/sh");
    CHECK(inspected("#!/bin/sh\n").argument.empty());
    CHECK(inspected("#!").interpreter.empty());
    CHECK(inspected("#!" + std::string(1000, 'x')).interpreter.size() == 254);
}

TEST_CASE("Programs: what a loader lists is taken apart, whichever loader it is") {
    const auto list = parse_library_list(
        "\tlinux-vdso.so.1 (0x00007ffc5b9e9000)\n"
        "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f0f3d800000)\n"
        "\tlibmine.so => /opt/my (lib)/libmine.so (0x00007f0f3d700000)\n"
        "\tlibgone.so.1 => not found\n"
        "\t/lib64/ld-linux-x86-64.so.2 (0x00007f0f3da00000)\n"
        "statically linked\n");
    CHECK(list.paths == std::vector<std::string>{"/lib/x86_64-linux-gnu/libc.so.6",
                                                 "/opt/my (lib)/libmine.so",
                                                 "/lib64/ld-linux-x86-64.so.2"});
    CHECK(list.missing == std::vector<std::string>{"libgone.so.1"});
    CHECK(parse_library_list("/x/y: error while loading shared libraries: libz.so.1: cannot open "
                             "shared object file: No such file or directory\n")
              .missing == std::vector<std::string>{"libz.so.1"});
    CHECK(parse_library_list("").paths.empty());
}

}  // namespace
}  // namespace skiff::bundle
