# SPDX-License-Identifier: Apache-2.0
# libzstd: zstd payloads of a bzImage.
set(dep_name StaticZstd)
set(dep_target deps::zstd)
set(dep_header zstd.h)
set(dep_archive zstd)
set(dep_package libzstd-dev)
include(${CMAKE_CURRENT_LIST_DIR}/StaticLibrary.cmake)
