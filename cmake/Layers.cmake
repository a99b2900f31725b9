# SPDX-License-Identifier: Apache-2.0
# A layer (docs/architecture.md) is a folder and a library target. Headers are named by their path
# from the root, but each target sees only its own folder and those of the layers it links: the
# root itself is never on the include path, so that a wrong include does not compile.
#
# skiff_add_layer(NAME FOLDER folder SOURCES … DEPENDS layer-or-dependency …)
function(skiff_add_layer name)
    cmake_parse_arguments(PARSE_ARGV 1 layer "" "FOLDER" "SOURCES;DEPENDS;PRIVATE_DEPENDS")
    set(view "${CMAKE_BINARY_DIR}/layers/${name}")
    get_filename_component(parent "${view}/${layer_FOLDER}" DIRECTORY)
    file(MAKE_DIRECTORY "${parent}")
    file(CREATE_LINK "${PROJECT_SOURCE_DIR}/${layer_FOLDER}" "${view}/${layer_FOLDER}" SYMBOLIC)

    add_library(skiff_${name} STATIC ${layer_SOURCES})
    add_library(skiff::${name} ALIAS skiff_${name})
    target_include_directories(skiff_${name} PUBLIC "${view}")
    target_link_libraries(skiff_${name}
        PUBLIC ${layer_DEPENDS}
        PRIVATE ${layer_PRIVATE_DEPENDS} skiff::warnings skiff::hardening)
endfunction()
