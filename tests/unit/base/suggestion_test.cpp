// SPDX-License-Identifier: Apache-2.0
#include "base/suggestion.h"

#include <array>
#include <catch2/catch.hpp>
#include <string>

namespace skiff {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"memory",  "memory-backing", "cpus",
                                                    "timeout", "serial",         "no-acpi"};

TEST_CASE("The nearest name is suggested for a typing error") {
    CHECK(nearest("memmory", kNames) == "memory");
    CHECK(nearest("meory", kNames) == "memory");
    CHECK(nearest("mmeory", kNames) == "memory");
    CHECK(nearest("cpu", kNames) == "cpus");
    CHECK(nearest("cpsu", kNames) == "cpus");
    CHECK(nearest("timout", kNames) == "timeout");
    CHECK(nearest("noacpi", kNames) == "no-acpi");
}

TEST_CASE("A beginning that fits one name only is completed") {
    CHECK(nearest("ser", kNames) == "serial");
    CHECK(nearest("t", kNames) == "timeout");
}

TEST_CASE("Nothing is suggested for what is no typing error") {
    CHECK(nearest("network", kNames).empty());
    CHECK(nearest("", kNames).empty());
    CHECK(nearest(std::string(10'000, 'm'), kNames).empty());
}

}  // namespace
}  // namespace skiff
