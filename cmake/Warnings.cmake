# SPDX-License-Identifier: Apache-2.0
# skiff::warnings: the warnings of docs/style.md, as errors. Link it to our own targets only.
option(SKIFF_WERROR "Treat compiler warnings as errors" ON)

add_library(skiff_warnings INTERFACE)
add_library(skiff::warnings ALIAS skiff_warnings)
target_compile_options(skiff_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow
    $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast>
    $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
    -Wcast-align
    $<$<BOOL:${SKIFF_WERROR}>:-Werror>)
