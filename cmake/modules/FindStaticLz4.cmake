# SPDX-License-Identifier: Apache-2.0
# liblz4: lz4 payloads of a bzImage.
set(dep_name StaticLz4)
set(dep_target deps::lz4)
set(dep_header lz4.h)
set(dep_archive lz4)
set(dep_package liblz4-dev)
include(${CMAKE_CURRENT_LIST_DIR}/StaticLibrary.cmake)
