# SPDX-License-Identifier: Apache-2.0
# Writes OUTPUT, the file that defines skiff::cli::kVersion: VERSION, and the commit where SOURCE is
# a git checkout. Run at each build; the file is touched only when it changes.
#
# cmake -DVERSION=0.1.0 -DSOURCE=… -DOUTPUT=… -P Version.cmake
find_package(Git QUIET)
set(text "${VERSION}")
if(GIT_FOUND AND EXISTS "${SOURCE}/.git")
    execute_process(
        COMMAND "${GIT_EXECUTABLE}" -C "${SOURCE}" describe --always --tags --dirty
        OUTPUT_VARIABLE description OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET
        RESULT_VARIABLE failed)
    if(NOT failed AND description MATCHES "^[-A-Za-z0-9_.]+$")
        string(APPEND text " (${description})")
    endif()
endif()

set(content "// Written by cmake/Version.cmake.
#include \"vmm/cli/version.h\"

namespace skiff::cli {

constinit const std::string_view kVersion = \"${text}\";

}  // namespace skiff::cli
")
set(before "")
if(EXISTS "${OUTPUT}")
    file(READ "${OUTPUT}" before)
endif()
if(NOT content STREQUAL before)
    file(WRITE "${OUTPUT}" "${content}")
endif()
