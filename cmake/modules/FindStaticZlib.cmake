# SPDX-License-Identifier: Apache-2.0
# zlib: gzip payloads of a bzImage.
set(dep_name StaticZlib)
set(dep_target deps::zlib)
set(dep_header zlib.h)
set(dep_archive z)
set(dep_package zlib1g-dev)
include(${CMAKE_CURRENT_LIST_DIR}/StaticLibrary.cmake)
