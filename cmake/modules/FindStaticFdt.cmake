# SPDX-License-Identifier: Apache-2.0
# libfdt: the flattened device tree.
set(dep_name StaticFdt)
set(dep_target deps::fdt)
set(dep_header libfdt.h)
set(dep_archive fdt)
set(dep_package libfdt-dev)
include(${CMAKE_CURRENT_LIST_DIR}/StaticLibrary.cmake)
