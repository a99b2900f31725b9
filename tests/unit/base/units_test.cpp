// SPDX-License-Identifier: Apache-2.0
#include "base/units.h"

#include <catch2/catch.hpp>

using skiff::format_size;
using skiff::parse_size;

TEST_CASE("A size is a number with an optional binary unit in any case") {
    REQUIRE(*parse_size("0") == 0);
    REQUIRE(*parse_size("4096") == 4096);
    REQUIRE(*parse_size("512K") == 512 * skiff::kKiB);
    REQUIRE(*parse_size("256m") == 256 * skiff::kMiB);
    REQUIRE(*parse_size("2GiB") == 2 * skiff::kGiB);
    REQUIRE(*parse_size("1gb") == skiff::kGiB);
    REQUIRE(*parse_size("1T") == 1024 * skiff::kGiB);
}

TEST_CASE("A text that is not a size is a user error that quotes it") {
    for (const char* text :
         {"", "M", "-1", "1.5G", "12Q", "1 G", "99999999999999999999", "17179869184G"}) {
        const auto result = parse_size(text);
        INFO(text);
        REQUIRE_FALSE(result.ok());
        REQUIRE(result.error().kind() == skiff::ErrorKind::kUser);
        REQUIRE(result.error().message().find("'" + std::string(text) + "'") != std::string::npos);
    }
}

TEST_CASE("Sizes are shown in the largest unit that reads well") {
    REQUIRE(format_size(0) == "0 B");
    REQUIRE(format_size(4097) == "4.0 KiB");
    REQUIRE(format_size(4096) == "4 KiB");
    REQUIRE(format_size(256 * skiff::kMiB) == "256 MiB");
    REQUIRE(format_size(1536 * skiff::kMiB) == "1.5 GiB");
}
