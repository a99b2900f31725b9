# SPDX-License-Identifier: Apache-2.0
# skiff::hardening: what makes a wrong access end in an abort and an exploit harder, and what makes
# the shipped binary one static-pie file. Sanitizer builds replace the first half by their own checks.
#
# SKIFF_STATIC_PIE   link executables as static-pie (release; off where a sanitizer needs libc.so)
# SKIFF_SANITIZE     list for -fsanitize=: "address;undefined", "thread", "fuzzer-no-link;address"
option(SKIFF_STATIC_PIE "Link executables as static-pie" ON)
set(SKIFF_SANITIZE "" CACHE STRING "Sanitizers to build with (list)")

add_library(skiff_hardening INTERFACE)
add_library(skiff::hardening ALIAS skiff_hardening)

# One section a function, so that the linker drops what the one executable never calls.
target_compile_options(skiff_hardening INTERFACE -ffunction-sections -fdata-sections -fPIE)
target_link_options(skiff_hardening INTERFACE -Wl,--gc-sections)

if(SKIFF_SANITIZE)
    list(JOIN SKIFF_SANITIZE "," sanitizers)
    target_compile_options(skiff_hardening INTERFACE
        -fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    # GCC warns that ThreadSanitizer does not understand fences. Ours order what we share with the
    # guest, which it does not see in any case.
    target_compile_options(skiff_hardening INTERFACE
        $<$<AND:$<CXX_COMPILER_ID:GNU>,$<IN_LIST:thread,${SKIFF_SANITIZE}>>:-Wno-tsan>)
    target_link_options(skiff_hardening INTERFACE -fsanitize=${sanitizers})
else()
    target_compile_options(skiff_hardening INTERFACE -fstack-protector-strong)
    # _FORTIFY_SOURCE needs optimisation to see object sizes; Debug builds go without it.
    target_compile_options(skiff_hardening INTERFACE
        $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE>
        $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>)
endif()
target_compile_definitions(skiff_hardening INTERFACE _GLIBCXX_ASSERTIONS)

target_link_options(skiff_hardening INTERFACE -Wl,-z,relro,-z,now -Wl,-z,noexecstack)
if(SKIFF_STATIC_PIE AND NOT SKIFF_SANITIZE)
    # Relative relocations in the packed form (DT_RELR): a tenth of the bytes to read at each start.
    target_link_options(skiff_hardening INTERFACE -static-pie -Wl,-z,pack-relative-relocs)
endif()
