// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/output_watch.h"

#include <catch2/catch.hpp>

namespace skiff::test_suite {
namespace {

Pattern pattern(const std::string& text) {
    auto compiled = Pattern::compile(text);
    REQUIRE(compiled.ok());
    return *compiled;
}

/// What is wrong with a console that comes a few bytes at a time.
std::optional<std::string> complaint(const OutputRules& rules, std::string_view console,
                                     std::size_t step = 3) {
    OutputWatch watch(rules);
    for (std::size_t i = 0; i < console.size(); i += step) {
        watch.append(console.substr(i, step));
    }
    watch.end();
    return watch.complaint();
}

TEST_CASE("A line is matched as a whole, however it comes") {
    const OutputRules rules{.must_match = {pattern("^PASS: [0-9]+ tests$")}};
    CHECK_FALSE(complaint(rules, "x\r\nPASS: 12 tests\r\ny").has_value());
    CHECK_FALSE(complaint(rules, "x\nPASS: 12 tests").has_value());
    CHECK(complaint(rules, "x PASS: 12 tests\n").has_value());
    CHECK(complaint(rules, "PASS: 12\ntests\n") ==
          "no line of the console matches '^PASS: [0-9]+ tests$'");
}

TEST_CASE("Everything that is wanted has to come, and nothing that is forbidden") {
    OutputRules rules;
    rules.must_contain = {"one", "two"};
    rules.must_not_match = {pattern("BUG|WARN")};
    CHECK_FALSE(complaint(rules, "two\none\n").has_value());
    CHECK(complaint(rules, "one\n") == "no line of the console has 'two'");
    CHECK_THAT(complaint(rules, "one two\na WARNING\n").value_or(""), Catch::Contains("forbid"));
}

TEST_CASE("Bytes that are no text do not end a line") {
    const OutputRules rules{.must_match = {pattern("end$")}};
    CHECK_FALSE(complaint(rules, std::string_view("a\0\xff\x1b end\n", 9)).has_value());
}

TEST_CASE("A line without an end is looked at in pieces, and does not grow") {
    const OutputRules rules{.must_match = {pattern("^a*$")}, .must_contain = {"needle"}};
    const std::string line(3 * OutputWatch::kLineLimit, 'a');
    CHECK_FALSE(complaint(rules, line + "\nneedle\n", 1000).has_value());
    CHECK_FALSE(complaint(rules, line + "needle", line.size()).has_value());
}

TEST_CASE("The tail keeps the end and counts the rest") {
    OutputTail tail;
    tail.append("short");
    CHECK(tail.take().text == "short");
    CHECK(tail.take().dropped == 0);
    const std::string part(1000, 'x');
    for (int i = 0; i < 1000; ++i) {
        tail.append(part);
    }
    tail.append("end");
    const KeptOutput kept = tail.take();
    CHECK(kept.text.size() == OutputTail::kLimit);
    CHECK(kept.text.ends_with("xend"));
    CHECK(kept.dropped == 5 + 1'000'000 + 3 - OutputTail::kLimit);
}

}  // namespace
}  // namespace skiff::test_suite
