// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/case_selection.h"

#include <catch2/catch.hpp>

namespace skiff::test_suite {
namespace {

using Names = std::vector<std::string>;

TestCase named(const std::string& suite, const std::string& name) {
    TestCase test;
    test.suite = suite;
    test.name = name;
    return test;
}

Names names_of(const std::vector<TestCase>& cases) {
    Names names;
    for (const TestCase& test : cases) {
        names.push_back(test.name);
    }
    return names;
}

Names selected_by(const std::vector<std::string>& expressions) {
    std::vector<Pattern> patterns;
    for (const std::string& text : expressions) {
        auto pattern = Pattern::compile(text);
        REQUIRE(pattern.ok());
        patterns.push_back(*pattern);
    }
    return names_of(
        selected({named("s", "net"), named("s", "disk"), named("s", "netdisk")}, patterns));
}

TEST_CASE("Cases of one suite keep their names, those of several get their suite's") {
    CHECK(names_of(joined({{named("a", "x"), named("a", "y")}})) == Names{"x", "y"});
    CHECK(names_of(joined({{named("a", "x")}, {named("b", "x")}})) == Names{"a/x", "b/x"});
}

TEST_CASE("A name that is there twice gets a number") {
    CHECK(names_of(joined({{named("a", "x")}, {named("a", "x")}, {named("a", "x")}})) ==
          Names{"x", "x#2", "x#3"});
}

TEST_CASE("Filters match anywhere in a name, and one is enough") {
    CHECK(selected_by({}) == Names{"net", "disk", "netdisk"});
    CHECK(selected_by({"net"}) == Names{"net", "netdisk"});
    CHECK(selected_by({"^net$", "^disk"}) == Names{"net", "disk"});
    CHECK(selected_by({"none"}).empty());
}

TEST_CASE("Repeated cases run round by round, each with its number") {
    CHECK(names_of(repeated({named("a", "x"), named("a", "y")}, 2)) ==
          Names{"x [1/2]", "y [1/2]", "x [2/2]", "y [2/2]"});
    CHECK(names_of(repeated({named("a", "x")}, 1)) == Names{"x"});
}

}  // namespace
}  // namespace skiff::test_suite
