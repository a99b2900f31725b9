// SPDX-License-Identifier: Apache-2.0
#include "vmm/bundle/programs.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "base/child_process.h"
#include "base/file.h"
#include "vmm/bundle/program_file.h"

namespace skiff::bundle {
namespace {

using boot::initramfs::FileTree;
using Kind = ProgramFile::Kind;

// As the kernel: an interpreter can be a script itself, but not for ever.
constexpr int kMaxScriptDepth = 4;
constexpr std::chrono::seconds kBusyboxTime{20};
// What glibc's loader looks libraries up in where they are in no usual folder.
constexpr const char* kLoaderCache = "/etc/ld.so.cache";

bool exists(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0;
}

Error not_found(const std::string& what) {
    return Error::command(ErrorKind::kCommandNotFound, what);
}

Error not_executable(const std::string& path, std::string_view why) {
    return Error::command(ErrorKind::kCommandNotExecutable,
                          fmt::format("'{}' cannot be run: {}", path, why));
}

/// The name that `#!/usr/bin/env NAME` asks for; empty where it asks for none.
std::string env_program(const std::string& interpreter, std::string_view argument) {
    if (!interpreter.ends_with("/env")) {
        return {};
    }
    if (argument.starts_with("-S")) {
        argument.remove_prefix(2);
        argument.remove_prefix(std::min(argument.find_first_not_of(' '), argument.size()));
    }
    const std::string_view name = argument.substr(0, argument.find(' '));
    return name.find('=') == std::string_view::npos ? std::string(name) : std::string();
}

}  // namespace

Result<std::string> Programs::find(const std::string& word) {
    const std::string found = find_program(word);
    if (found.empty()) {
        if (word.find('/') == std::string::npos) {
            return not_found(fmt::format("'{}' was not found in PATH; nothing was booted", word));
        }
        if (!exists(word)) {
            return not_found(fmt::format("'{}' does not exist; nothing was booted", word));
        }
        return not_executable(word, "it has no execute permission (chmod +x)");
    }
    struct stat status {};
    if (::stat(found.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return not_executable(word, "it is no regular file");
    }
    return absolute_path(found);
}

Result<void> Programs::add(const std::string& path) {
    SKIFF_ASSIGN_OR_RETURN(const std::string real, files_.add(path));
    // By the name that the user gave: a loader's $ORIGIN is where the file really is all the same.
    return add_needs(path, 0, true);
}

Result<void> Programs::add_needs_of(const std::string& path) {
    return add_needs(path, 0, false);
}

Result<void> Programs::add_needs(const std::string& path, int depth, bool is_command) {
    SKIFF_ASSIGN_OR_RETURN(const File file, File::open(path));
    SKIFF_ASSIGN_OR_RETURN(const ProgramFile program, inspect_program(file));
    switch (program.kind) {
        case Kind::kStatic:
            return {};
        case Kind::kDynamic:
            loader_ = program.interpreter;
            return add_libraries(path, program.interpreter);
        case Kind::kLibrary:
            return is_command || loader_.empty() ? Result<void>() : add_libraries(path, loader_);
        case Kind::kScript:
            return add_script_needs(path, program.interpreter, program.argument, depth);
        case Kind::kForeign:
            return is_command ? not_executable(path, "it is an ELF file, but no program for x86")
                              : Result<void>();
        case Kind::kOther:
            break;
    }
    return is_command ? not_executable(path, "it is neither an ELF program nor begins with #!")
                      : Result<void>();
}

Result<void> Programs::add_script_needs(const std::string& path, const std::string& interpreter,
                                        const std::string& argument, int depth) {
    if (depth == kMaxScriptDepth) {
        return not_executable(path, "scripts run scripts run scripts");
    }
    if (interpreter.empty() || !exists(interpreter)) {
        return not_found(fmt::format("the interpreter of '{}', '{}', was not found on this host",
                                     path, interpreter));
    }
    SKIFF_RETURN_IF_ERROR(files_.add(interpreter));
    SKIFF_RETURN_IF_ERROR(add_needs(interpreter, depth + 1, true));
    const std::string name = env_program(interpreter, argument);
    if (name.empty()) {
        return {};
    }
    const Result<std::string> program = find(name);
    if (!program.ok()) {
        return program.error().with_context("the interpreter of '" + path + "'");
    }
    SKIFF_RETURN_IF_ERROR(files_.add(*program));
    return add_needs(*program, depth + 1, true);
}

Result<void> Programs::add_libraries(const std::string& path, const std::string& loader) {
    if (!exists(loader)) {
        return not_found(
            fmt::format("the loader of '{}', '{}', was not found on this host", path, loader));
    }
    const Result<std::vector<std::string>> libraries = needed_libraries(path, loader);
    if (!libraries.ok()) {
        return not_found(libraries.error().message());
    }
    SKIFF_RETURN_IF_ERROR(files_.add(loader));
    for (const std::string& library : *libraries) {
        SKIFF_RETURN_IF_ERROR(files_.add(library));
    }
    if (exists(kLoaderCache) && tree_.find(kLoaderCache) == nullptr) {
        SKIFF_RETURN_IF_ERROR(files_.add(kLoaderCache));
    }
    return {};
}

namespace {

/// Where the host's static busybox is; empty where it has none.
Result<std::string> find_static_busybox() {
    const std::string path = find_program("busybox");
    if (path.empty()) {
        return std::string();
    }
    SKIFF_ASSIGN_OR_RETURN(const File file, File::open(path));
    SKIFF_ASSIGN_OR_RETURN(const ProgramFile program, inspect_program(file));
    const bool is_static = program.kind == Kind::kStatic || program.kind == Kind::kLibrary;
    return is_static ? path : std::string();
}

Result<std::vector<std::string>> applets_of(const std::string& busybox) {
    SKIFF_ASSIGN_OR_RETURN(
        const ProgramOutput said,
        run_program({.path = busybox, .arguments = {"busybox", "--list"}, .inherited = {}},
                    kBusyboxTime));
    std::vector<std::string> names;
    std::string_view rest = said.text;
    while (!rest.empty()) {
        const std::string_view name = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(name.size() + 1, rest.size()));
        if (!name.empty() && name.find('/') == std::string_view::npos) {
            names.emplace_back(name);
        }
    }
    return names;
}

bool is_in_usual_folder(const FileTree& tree, const std::string& name) {
    constexpr std::array kFolders = {"/bin/",      "/sbin/",          "/usr/bin/",
                                     "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"};
    for (const char* const folder : kFolders) {
        if (tree.find(folder + name) != nullptr) {
            return true;
        }
    }
    return false;
}

}  // namespace

Result<std::string> add_busybox(FileTree& tree, bool with_applets) {
    SKIFF_ASSIGN_OR_RETURN(const std::string found, find_static_busybox());
    if (found.empty()) {
        return std::string();
    }
    SKIFF_ASSIGN_OR_RETURN(const std::string path, absolute_path(found));
    HostFiles files(tree);
    SKIFF_ASSIGN_OR_RETURN(const std::string real, files.add(path));
    std::vector<std::string> names = {"sh"};
    if (with_applets) {
        SKIFF_ASSIGN_OR_RETURN(names, applets_of(path));
    }
    for (const std::string& name : names) {
        if (!is_in_usual_folder(tree, name)) {
            SKIFF_RETURN_IF_ERROR(tree.add_link("/bin/" + name, real));
        }
    }
    return real;
}

Result<std::string> find_busybox_applet(const std::string& name) {
    SKIFF_ASSIGN_OR_RETURN(const std::string busybox, find_static_busybox());
    if (busybox.empty()) {
        return std::string();
    }
    SKIFF_ASSIGN_OR_RETURN(const std::vector<std::string> names, applets_of(busybox));
    for (const std::string& applet : names) {
        if (applet == name) {
            return absolute_path(busybox);
        }
    }
    return std::string();
}

}  // namespace skiff::bundle
