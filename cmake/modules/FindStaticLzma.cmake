# SPDX-License-Identifier: Apache-2.0
# liblzma: xz and lzma payloads of a bzImage.
set(dep_name StaticLzma)
set(dep_target deps::lzma)
set(dep_header lzma.h)
set(dep_archive lzma)
set(dep_package liblzma-dev)
include(${CMAKE_CURRENT_LIST_DIR}/StaticLibrary.cmake)
