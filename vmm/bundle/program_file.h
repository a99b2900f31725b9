// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace skiff::bundle {

/// What the kernel would make of a program file, by its first bytes.
struct ProgramFile {
    enum class Kind {
        kStatic,   ///< ELF, and needs nothing else.
        kDynamic,  ///< ELF, and started by `interpreter`, its dynamic loader.
        kLibrary,  ///< ELF, a shared object that names no loader, or a static-pie program.
        kScript,   ///< Begins with "#!": `interpreter` runs it, with `argument` if it has one.
        kForeign,  ///< ELF for another kind of machine, or another kind of ELF file.
        kOther,    ///< The kernel does not know it.
    };
    Kind kind = Kind::kOther;
    std::string interpreter;
    std::string argument;
};

/// Looks at an ELF file's headers (System V gABI, chapters 4 and 5) or a script's first line
/// (execve(2)). Where they make no sense, the file is kOther.
Result<ProgramFile> inspect_program(const File& file);

/// What a dynamic loader says of the shared objects that a program needs (`ld.so --list`).
struct LibraryList {
    std::vector<std::string> paths;
    std::vector<std::string> missing;  ///< By name.
};

/// Takes what `ld.so --list` has printed apart: "NAME => PATH (ADDRESS)", "NAME => not found" and
/// "PATH (ADDRESS)" a line, or glibc's error; others are passed over.
LibraryList parse_library_list(const std::string& text);

/// Asks the program's own loader, since only that knows all its ways to find a library (RPATH,
/// LD_LIBRARY_PATH, its cache). `program` is a path. A user error where a library is missing.
Result<std::vector<std::string>> needed_libraries(const std::string& program,
                                                  const std::string& loader);

}  // namespace skiff::bundle
