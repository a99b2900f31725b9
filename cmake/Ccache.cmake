# SPDX-License-Identifier: Apache-2.0
# Compile through ccache where it is installed; a launcher given on the command line wins. Paths
# within the clone count relative to it, so that clones and worktrees share what was compiled.
find_program(SKIFF_CCACHE ccache)
mark_as_advanced(SKIFF_CCACHE)
if(SKIFF_CCACHE)
    foreach(language IN ITEMS C CXX)
        if(NOT CMAKE_${language}_COMPILER_LAUNCHER)
            set(CMAKE_${language}_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
                "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${SKIFF_CCACHE}")
        endif()
    endforeach()
endif()
