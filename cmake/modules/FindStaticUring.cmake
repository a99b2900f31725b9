# SPDX-License-Identifier: Apache-2.0
# liburing: submission and completion rings with the kernel (io_uring).
set(dep_name StaticUring)
set(dep_target deps::uring)
set(dep_header liburing.h)
set(dep_archive uring)
set(dep_package liburing-dev)
include(${CMAKE_CURRENT_LIST_DIR}/StaticLibrary.cmake)
