// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/text/object_reader.h"

#include <array>
#include <catch2/catch.hpp>

namespace skiff::api {
namespace {

JsonValue json_of(std::string_view text) {
    auto value = parse_json(text);
    REQUIRE(value.ok());
    return std::move(value).value();
}

struct Read {
    std::string name = "default";
    bool flag = true;
    std::uint64_t number = 7;
    int word = 0;
    Result<void> result;
};

Read read(std::string_view text) {
    static constexpr std::array kWords = {Choice<int>{"One", 1}, Choice<int>{"Two", 2}};
    const JsonValue json = json_of(text);
    ObjectReader reader(json, "top[0]");
    Read read;
    reader.string("name", Presence::kRequired, read.name);
    reader.boolean("flag", Presence::kOptional, read.flag);
    reader.number("number", Presence::kOptional, {1, 10}, read.number);
    reader.choice<int>("word", Presence::kOptional, kWords, read.word);
    read.result = reader.finish();
    return read;
}

TEST_CASE("A reader reads what is there, and leaves the rest as it was") {
    const Read all = read(R"({"name": "x", "flag": false, "number": 10, "word": "Two"})");
    REQUIRE(all.result.ok());
    CHECK(all.name == "x");
    CHECK_FALSE(all.flag);
    CHECK(all.number == 10);
    CHECK(all.word == 2);
    const Read few = read(R"({"name": "y", "number": null})");
    REQUIRE(few.result.ok());
    CHECK(few.flag);
    CHECK(few.number == 7);
}

TEST_CASE("A reader's error names the field and what it takes") {
    struct Case {
        const char* json;
        const char* field;
        const char* message;
    };
    const auto row = GENERATE(values<Case>({
        {R"({})", "top[0].name", "missing: a string is needed"},
        {R"({"name": null})", "top[0].name", "missing: a string is needed"},
        {R"({"name": 1})", "top[0].name", "a string was expected, this is 1"},
        {R"({"name": "a\u0000b"})", "top[0].name", "a NUL character cannot be part of it"},
        {R"({"name": "x", "flag": "yes"})", "top[0].flag",
         "true or false was expected, this is a string"},
        {R"({"name": "x", "number": 0})", "top[0].number",
         "a whole number from 1 to 10 was expected, this is 0"},
        {R"({"name": "x", "number": 11})", "top[0].number",
         "a whole number from 1 to 10 was expected, this is 11"},
        {R"({"name": "x", "number": -3})", "top[0].number",
         "a whole number from 1 to 10 was expected, this is -3"},
        {R"({"name": "x", "number": 1.5})", "top[0].number",
         "a whole number from 1 to 10 was expected, this is 1.5"},
        {R"({"name": "x", "word": "Three"})", "top[0].word", "'Three' is not one of One, Two"},
        {R"({"name": "x", "numbr": 1})", "top[0].numbr", "unknown key: did you mean number?"},
        {R"({"name": "x", "zzz": 1})", "top[0].zzz",
         "unknown key: known are name, flag, number, word"},
    }));
    INFO(row.json);
    const Read outcome = read(row.json);
    REQUIRE_FALSE(outcome.result.ok());
    CHECK(outcome.result.error().field() == row.field);
    CHECK(outcome.result.error().message() == std::string(row.field) + ": " + row.message);
}

TEST_CASE("A reader takes nothing but an object") {
    const Read outcome = read("[1]");
    REQUIRE_FALSE(outcome.result.ok());
    CHECK(outcome.result.error().message() == "top[0]: an object was expected, this is an array");
}

}  // namespace
}  // namespace skiff::api
