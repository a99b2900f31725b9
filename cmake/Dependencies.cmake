# SPDX-License-Identifier: Apache-2.0
# Every library that the project uses, under one name each: deps::NAME. Imported targets, so their
# headers are SYSTEM headers and our warnings stay ours.
list(APPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}/modules")

# A compiler that cannot see a dependency says so once, with the package that has it.
foreach(dep IN ITEMS StaticZlib StaticLzma StaticZstd StaticLz4 StaticBz2 StaticFdt StaticUring)
    find_package(${dep} REQUIRED)
endforeach()

find_package(Threads REQUIRED)

# fmt: Debian has a shared object and headers. Its headers alone make every file that formats something
# slow to compile, so we compile the rest of it once; for a version that we do not know, headers it is.
find_package(fmt REQUIRED)
if(fmt_VERSION VERSION_GREATER_EQUAL 9 AND fmt_VERSION VERSION_LESS 10)
    add_library(deps_fmt STATIC "${CMAKE_CURRENT_LIST_DIR}/support/fmt_library.cpp")
    get_target_property(fmt_include_dir fmt::fmt-header-only INTERFACE_INCLUDE_DIRECTORIES)
    target_include_directories(deps_fmt SYSTEM PUBLIC "${fmt_include_dir}")
    target_compile_options(deps_fmt PRIVATE -ffunction-sections -fdata-sections)
    add_library(deps::fmt ALIAS deps_fmt)
else()
    add_library(deps::fmt ALIAS fmt::fmt-header-only)
endif()

# spdlog is used as headers, from one source file.
find_package(spdlog REQUIRED)
# Debian's spdlog_header_only target drags the shared fmt in; take its headers alone.
get_target_property(spdlog_include_dir spdlog::spdlog_header_only INTERFACE_INCLUDE_DIRECTORIES)
add_library(deps_spdlog INTERFACE IMPORTED)
target_include_directories(deps_spdlog SYSTEM INTERFACE "${spdlog_include_dir}")
target_compile_definitions(deps_spdlog INTERFACE SPDLOG_FMT_EXTERNAL)
target_link_libraries(deps_spdlog INTERFACE deps::fmt Threads::Threads)
add_library(deps::spdlog ALIAS deps_spdlog)

# Debian's target drags the shared object in; its headers are whole.
find_package(tomlplusplus REQUIRED)
get_target_property(tomlplusplus_include_dir tomlplusplus::tomlplusplus
    INTERFACE_INCLUDE_DIRECTORIES)
add_library(deps_tomlplusplus INTERFACE IMPORTED)
target_include_directories(deps_tomlplusplus SYSTEM INTERFACE "${tomlplusplus_include_dir}")
add_library(deps::tomlplusplus ALIAS deps_tomlplusplus)

find_package(CLI11 REQUIRED)
add_library(deps::cli11 ALIAS CLI11::CLI11)

# Boost: Beast's HTTP parser, which is headers alone.
find_package(Boost 1.74 REQUIRED)
add_library(deps_beast INTERFACE IMPORTED)
target_include_directories(deps_beast SYSTEM INTERFACE "${Boost_INCLUDE_DIRS}")
add_library(deps::beast ALIAS deps_beast)

find_package(nlohmann_json 3.9 REQUIRED)
add_library(deps::nlohmann_json ALIAS nlohmann_json::nlohmann_json)

if(BUILD_TESTING)
    find_package(Catch2 2.13 REQUIRED)
    add_library(deps::catch2 ALIAS Catch2::Catch2)
endif()
