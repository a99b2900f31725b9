// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "vmm/cli/commands/commands.h"
#include "vmm/cli/output.h"
#include "vmm/cli/run/named_machine.h"
#include "vmm/gdb/address.h"

namespace skiff::cli {
namespace {

/// What gdb's `target remote` takes: "unix:" and "tcp:" are skiff's own way of writing it.
Result<std::string> remote_of(const std::string& text) {
    if (text.starts_with("unix:") || text.starts_with("tcp:")) {
        SKIFF_ASSIGN_OR_RETURN(const gdb::ListenAddress address, gdb::parse_listen_address(text));
        return gdb::remote_name(address);
    }
    if (text.empty()) {
        return Error::user("the address is empty: name the one that skiff run --gdb was given");
    }
    return text;
}

/// What to connect to, and where the symbols are; empty: nobody knows.
struct Target {
    std::string remote;
    std::string symbols;
};

bool is_elf(const std::string& path) {
    constexpr std::array<std::uint8_t, 4> kMagic = {0x7f, 'E', 'L', 'F'};
    const auto file = File::open(path);
    std::array<std::uint8_t, 4> begin{};
    return file.ok() && file->read(0, begin).ok() && begin == kMagic;
}

Result<Target> target_of(const std::string& text) {
    std::error_code failure;
    if (text.find_first_of("/:") != std::string::npos || text.empty() ||
        std::filesystem::exists(text, failure)) {
        SKIFF_ASSIGN_OR_RETURN(std::string remote, remote_of(text));
        return Target{std::move(remote), {}};
    }
    SKIFF_ASSIGN_OR_RETURN(const DebugPlace place, debug_place(text));
    if (!std::filesystem::exists(place.socket, failure)) {
        return Error::user(fmt::format(
            "no machine called '{}' waits for a debugger: start it with skiff run --name {} --gdb "
            "auto",
            text, text));
    }
    const std::string kernel = std::filesystem::canonical(place.kernel, failure).string();
    return Target{place.socket, is_elf(kernel) ? kernel : std::string()};
}

/// A kernel's build tree has its gdb scripts beside vmlinux, as vmlinux-gdb.py, which gdb loads by
/// itself from folders that it is told to trust.
void trust_kernel_scripts(const std::string& vmlinux, std::vector<std::string>& words) {
    std::error_code failure;
    const auto real = std::filesystem::canonical(vmlinux, failure);
    const auto script = real.string() + "-gdb.py";
    if (!failure && std::filesystem::exists(script, failure)) {
        words.emplace_back("-iex");
        words.push_back("add-auto-load-safe-path " + script);
    }
}

Result<int> run(const ParsedArguments& arguments) {
    SKIFF_ASSIGN_OR_RETURN(Target target, target_of(*arguments.last("ADDRESS")));
    std::vector<std::string> words = {"gdb", "-q"};
    if (const std::string* const vmlinux = arguments.last("VMLINUX")) {
        target.symbols = *vmlinux;
    }
    if (!target.symbols.empty()) {
        if (::access(target.symbols.c_str(), R_OK) != 0) {
            return Error::user(
                fmt::format("cannot read the kernel '{}' for its symbols", target.symbols));
        }
        trust_kernel_scripts(target.symbols, words);
        words.push_back(target.symbols);
    }
    words.emplace_back("-ex");
    words.push_back("target remote " + target.remote);
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    ::execvp(argv.front(), argv.data());
    if (errno == ENOENT) {
        return Error::user("gdb is not installed: apt-get install gdb");
    }
    return Error::host(errno, "cannot start gdb");
}

}  // namespace

int gdb_command(const ParsedArguments& arguments) {
    const Result<int> status = run(arguments);
    return status.ok() ? *status : report(status.error());
}

}  // namespace skiff::cli
