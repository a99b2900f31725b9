// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/text/toml_text.h"

#include <catch2/catch.hpp>

#include "vmm/api/config_file.h"

namespace skiff::api {
namespace {

std::string error_of(std::string_view text) {
    const auto value = parse_toml(text);
    REQUIRE_FALSE(value.ok());
    CHECK(value.error().kind() == ErrorKind::kUser);
    return value.error().message();
}

TEST_CASE("TOML becomes what the same text in JSON is") {
    const auto value = parse_toml(
        "# a comment\n[a-table]\nkey = 'text'\nnumber = 0x10\nyes = true\nless = -1\nhalf = 0.5\n"
        "[[list]]\nid = 1\n[[list]]\nid = 2\n");
    REQUIRE(value.ok());
    REQUIRE(value->object()->size() == 2);
    const auto& table = *value->object()->front().value.object();
    REQUIRE(table.size() == 5);
    CHECK(table[0].key == "half");  // sorted: the order of tables means nothing
    CHECK(table[0].value.describe() == "0.5");
    CHECK(*table[1].value.string() == "text");
    CHECK(table[2].value.describe() == "-1");
    CHECK(*table[3].value.number() == 16);
    CHECK(*table[4].value.boolean());
    const auto& list = *value->object()->back().value.array();
    REQUIRE(list.size() == 2);
    CHECK(*list[1].object()->front().value.number() == 2);
}

TEST_CASE("What is no TOML, or has no meaning in JSON, is told with its place") {
    CHECK(error_of("a = 1\nb = ").find("not valid TOML: line 2, column ") == 0);
    CHECK(error_of("[a]\n[a]\n").find("line 2") != std::string::npos);
    CHECK(error_of("when = 2026-01-31\n") ==
          "not valid TOML: line 1, column 8: dates and times have no meaning here");
    CHECK_FALSE(parse_toml(std::string(100'000, '[')).ok());
    CHECK_FALSE(parse_toml("a = " + std::string(100'000, '{')).ok());
    CHECK_FALSE(parse_toml("a = \"\xff\"").ok());
}

TEST_CASE("TOML is written so that it is read as the same") {
    const auto value = parse_json(
        R"({"a": "q\"uote\\ \u0001 ü", "b": [1, 2], "c": {"d": true, "e": {"f": "g"}},
            "h": [{"i": 1}, {"i": {"j": []}}], "none": null})");
    REQUIRE(value.ok());
    const std::string text = to_toml(*value);
    INFO(text);
    const auto again = parse_toml(text);
    REQUIRE(again.ok());
    CHECK(to_toml(*again) == text);
    const auto& members = *again->object();
    REQUIRE(members.size() == 4);
    CHECK(*members[0].value.string() == "q\"uote\\ \x01 ü");
    CHECK(members[3].value.array()->size() == 2);
}

TEST_CASE("A configuration's form goes by its name, else by how it begins") {
    CHECK(form_of("vm.toml", "{") == ConfigForm::kToml);
    CHECK(form_of("vm.json", "[a]") == ConfigForm::kJson);
    CHECK(form_of("/dev/stdin", "\n {") == ConfigForm::kJson);
    CHECK(form_of("/dev/stdin", "# vm\n[boot-source]") == ConfigForm::kToml);
    CHECK(form_of("vm", "") == ConfigForm::kJson);
}

}  // namespace
}  // namespace skiff::api
