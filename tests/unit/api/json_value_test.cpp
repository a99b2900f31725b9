// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/text/json_value.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>

namespace skiff::api {
namespace {

std::string error_of(std::string_view text) {
    const auto value = parse_json(text);
    REQUIRE_FALSE(value.ok());
    return value.error().message();
}

TEST_CASE("JSON keeps the order of members, and whole numbers whole") {
    const auto value =
        parse_json(R"({"b": 18446744073709551615, "a": [true, null, "x\u00e9", -1, 0.5]})");
    REQUIRE(value.ok());
    const auto& object = *value->object();
    REQUIRE(object.size() == 2);
    CHECK(object[0].key == "b");
    CHECK(*object[0].value.number() == UINT64_MAX);
    const auto& array = *object[1].value.array();
    REQUIRE(array.size() == 5);
    CHECK(*array[0].boolean());
    CHECK(array[1].is_null());
    CHECK(*array[2].string() == "x\xc3\xa9");
    CHECK(array[3].number() == nullptr);
    CHECK(array[3].describe() == "-1");
    CHECK(array[4].describe() == "0.5");
}

TEST_CASE("What is no JSON is an error that says where") {
    CHECK_THAT(error_of("{\"a\": 1,\n \"b\": }"), Catch::Contains("line 2, column 7"));
    CHECK_THAT(error_of(""), Catch::StartsWith("not valid JSON: line 1, column 1"));
    CHECK_THAT(error_of("{} {}"), Catch::StartsWith("not valid JSON"));
    CHECK_THAT(error_of("{\"a\": \"\xff\"}"), Catch::StartsWith("not valid JSON"));
    CHECK_THAT(error_of("1e999"), Catch::StartsWith("not valid JSON"));
}

TEST_CASE("A key that is there twice is an error") {
    CHECK_THAT(error_of(R"({"a": 1, "a": 2})"), Catch::Contains("'a' is there twice"));
}

TEST_CASE("Deep JSON is refused without recursion") {
    const std::string deep(100'000, '[');
    CHECK_THAT(error_of(deep), Catch::Contains("more than 32 objects and arrays"));
    std::string fits = std::string(kMaxJsonDepth, '[') + std::string(kMaxJsonDepth, ']');
    CHECK(parse_json(fits).ok());
}

TEST_CASE("An object has a bounded number of keys") {
    std::string many = "{";
    for (std::size_t i = 0; i <= kMaxJsonKeys; ++i) {
        many += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":0";
    }
    CHECK_THAT(error_of(many + "}"), Catch::Contains("more than 1000 keys"));
}

}  // namespace
}  // namespace skiff::api
