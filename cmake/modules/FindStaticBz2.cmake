# SPDX-License-Identifier: Apache-2.0
# libbz2: bzip2 payloads of a bzImage.
set(dep_name StaticBz2)
set(dep_target deps::bz2)
set(dep_header bzlib.h)
set(dep_archive bz2)
set(dep_package libbz2-dev)
include(${CMAKE_CURRENT_LIST_DIR}/StaticLibrary.cmake)
