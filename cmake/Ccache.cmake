# SPDX-License-Identifier: Apache-2.0
# Compile through ccache where it is installed; a launcher given on the command line wins.
find_program(SKIFF_CCACHE ccache)
mark_as_advanced(SKIFF_CCACHE)
if(SKIFF_CCACHE)
    foreach(language IN ITEMS C CXX)
        if(NOT CMAKE_${language}_COMPILER_LAUNCHER)
            set(CMAKE_${language}_COMPILER_LAUNCHER "${SKIFF_CCACHE}")
        endif()
    endforeach()
endif()
