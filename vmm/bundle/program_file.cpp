// SPDX-License-Identifier: Apache-2.0
#include "vmm/bundle/program_file.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/child_process.h"

namespace skiff::bundle {
namespace {

constexpr std::size_t kFirstBytes = 4096;
// As the kernel: BINPRM_BUF_SIZE.
constexpr std::size_t kScriptLineBytes = 256;
constexpr std::size_t kMaxInterpreterBytes = 4096;
constexpr std::chrono::seconds kLoaderTime{20};
// How glibc's loader begins to tell of the first library that it does not find.
constexpr std::string_view kLoadingError = ": error while loading shared libraries: ";

/// A struct at this place of what was read; nothing outside of it.
template <typename T>
std::optional<T> struct_at(const std::vector<std::uint8_t>& bytes, std::uint64_t offset) {
    T value;
    if (offset > bytes.size() || bytes.size() - offset < sizeof value) {
        return std::nullopt;
    }
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

template <typename ProgramHeader>
std::string interpreter_at(const File& file, const ProgramHeader& header) {
    if (header.p_filesz == 0 || header.p_filesz > kMaxInterpreterBytes) {
        return {};
    }
    const auto bytes = file.read_up_to(header.p_offset, header.p_filesz);
    if (!bytes.ok() || bytes->empty()) {
        return {};
    }
    const auto end = std::find(bytes->begin(), bytes->end(), std::uint8_t{0});
    return {bytes->begin(), end};
}

template <typename Header, typename ProgramHeader>
ProgramFile inspect_elf(const File& file, const std::vector<std::uint8_t>& first) {
    const auto header = struct_at<Header>(first, 0);
    if (!header.has_value() || header->e_phentsize != sizeof(ProgramHeader)) {
        return {.kind = ProgramFile::Kind::kForeign, .interpreter = {}, .argument = {}};
    }
    const auto table =
        file.read_up_to(header->e_phoff, std::uint64_t{header->e_phnum} * sizeof(ProgramHeader));
    bool is_dynamic = false;
    for (std::size_t i = 0; table.ok() && i < header->e_phnum; ++i) {
        const auto entry = struct_at<ProgramHeader>(*table, i * sizeof(ProgramHeader));
        if (!entry.has_value()) {
            break;
        }
        is_dynamic = is_dynamic || entry->p_type == PT_DYNAMIC;
        if (entry->p_type == PT_INTERP) {
            return {.kind = ProgramFile::Kind::kDynamic,
                    .interpreter = interpreter_at(file, *entry),
                    .argument = {}};
        }
    }
    const bool is_library = header->e_type == ET_DYN && is_dynamic;
    return {.kind = is_library ? ProgramFile::Kind::kLibrary : ProgramFile::Kind::kStatic,
            .interpreter = {},
            .argument = {}};
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r";
    const std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
    const std::size_t end = text.find_last_not_of(kBlanks);
    return end == std::string_view::npos ? std::string_view() : text.substr(begin, end + 1 - begin);
}

ProgramFile inspect_script(std::string_view first) {
    std::string_view line = first.substr(2, std::min(kScriptLineBytes, first.size()) - 2);
    line = trimmed(line.substr(0, line.find('\n')));
    const std::size_t blank = std::min(line.find_first_of(" \t"), line.size());
    return {.kind = ProgramFile::Kind::kScript,
            .interpreter = std::string(line.substr(0, blank)),
            .argument = std::string(trimmed(line.substr(blank)))};
}

}  // namespace

Result<ProgramFile> inspect_program(const File& file) {
    SKIFF_ASSIGN_OR_RETURN(const std::vector<std::uint8_t> first, file.read_up_to(0, kFirstBytes));
    const std::string_view text(reinterpret_cast<const char*>(first.data()), first.size());
    if (text.starts_with("#!")) {
        return inspect_script(text);
    }
    if (!text.starts_with(ELFMAG) || text.size() < sizeof(Elf32_Ehdr)) {
        return ProgramFile{};
    }
    const auto common = struct_at<Elf32_Ehdr>(first, 0);
    const bool runs = common->e_type == ET_EXEC || common->e_type == ET_DYN;
    if (runs && common->e_machine == EM_X86_64) {
        return first[EI_CLASS] == ELFCLASS64 ? inspect_elf<Elf64_Ehdr, Elf64_Phdr>(file, first)
                                             : inspect_elf<Elf32_Ehdr, Elf32_Phdr>(file, first);
    }
    if (runs && common->e_machine == EM_386) {
        return inspect_elf<Elf32_Ehdr, Elf32_Phdr>(file, first);
    }
    return ProgramFile{.kind = ProgramFile::Kind::kForeign, .interpreter = {}, .argument = {}};
}

LibraryList parse_library_list(const std::string& text) {
    LibraryList list;
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::string_view line = trimmed(rest.substr(0, rest.find('\n')));
        rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
        const std::size_t arrow = line.find(" => ");
        const std::string_view name = line.substr(0, std::min(arrow, line.size()));
        std::string_view path = arrow == std::string_view::npos ? line : line.substr(arrow + 4);
        if (arrow != std::string_view::npos && path.starts_with("not found")) {
            list.missing.emplace_back(name);
            continue;
        }
        if (const std::size_t error = line.find(kLoadingError); error != std::string_view::npos) {
            const std::string_view library = line.substr(error + kLoadingError.size());
            list.missing.emplace_back(library.substr(0, library.find(':')));
            continue;
        }
        const std::size_t address = path.rfind(" (0x");
        if (path.starts_with('/') && address != std::string_view::npos) {
            list.paths.emplace_back(path.substr(0, address));
        }
    }
    return list;
}

Result<std::vector<std::string>> needed_libraries(const std::string& program,
                                                  const std::string& loader) {
    SKIFF_ASSIGN_OR_RETURN(
        const ProgramOutput said,
        run_program({.path = loader, .arguments = {loader, "--list", program}, .inherited = {}},
                    kLoaderTime));
    const LibraryList list = parse_library_list(said.text);
    if (!list.missing.empty()) {
        return Error::user(fmt::format("'{}' needs libraries that are not found on this host: {}",
                                       program, fmt::join(list.missing, ", ")));
    }
    // "statically linked" is an error to some loaders.
    if (!said.succeeded() && list.paths.empty() &&
        said.text.find("statically linked") == std::string::npos) {
        const std::string line = said.text.substr(0, said.text.find('\n'));
        return Error::user(
            fmt::format("cannot find the libraries of '{}': {} --list ended with {}{}", program,
                        loader, said.end.describe(), line.empty() ? "" : ": " + line));
    }
    return list.paths;
}

}  // namespace skiff::bundle
