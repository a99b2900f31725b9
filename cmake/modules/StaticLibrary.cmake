# SPDX-License-Identifier: Apache-2.0
# Shared body of the find modules beside this file. Sourced with these set:
#   dep_name     the find module's name, for messages (StaticZlib)
#   dep_target   the imported target to make (deps::zlib)
#   dep_header   a header that belongs to the library
#   dep_archive  the archive's name without lib and .a
#   dep_package  the Debian package that has both
# The archive is looked for, never the shared object: skiff is one static-pie executable.

find_path(${dep_name}_INCLUDE_DIR NAMES ${dep_header})
find_library(${dep_name}_LIBRARY NAMES lib${dep_archive}.a)
mark_as_advanced(${dep_name}_INCLUDE_DIR ${dep_name}_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(${dep_name}
    REQUIRED_VARS ${dep_name}_LIBRARY ${dep_name}_INCLUDE_DIR
    REASON_FAILURE_MESSAGE "install ${dep_package} (or run ./dev setup)")

if(${dep_name}_FOUND AND NOT TARGET ${dep_target})
    add_library(${dep_target} STATIC IMPORTED)
    set_target_properties(${dep_target} PROPERTIES
        IMPORTED_LOCATION "${${dep_name}_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${${dep_name}_INCLUDE_DIR}")
endif()
