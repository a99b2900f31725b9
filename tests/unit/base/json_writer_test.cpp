// SPDX-License-Identifier: Apache-2.0
#include "base/json_writer.h"

#include <catch2/catch.hpp>
#include <limits>
#include <string>

namespace skiff {
namespace {

/// The text of {"k": VALUE} for one string.
std::string quoted(std::string_view value) {
    JsonWriter json;
    json.begin_object();
    json.string("k", value);
    json.end_object();
    const std::string text = json.text();
    const std::string before = "{\n  \"k\": ";
    const std::string after = "\n}\n";
    REQUIRE(text.starts_with(before));
    REQUIRE(text.ends_with(after));
    return text.substr(before.size(), text.size() - before.size() - after.size());
}

TEST_CASE("Objects and arrays nest with commas between their members") {
    JsonWriter json;
    json.begin_object();
    json.boolean("yes", true);
    json.number("big", std::numeric_limits<std::uint64_t>::max());
    json.begin_array("none");
    json.end_array();
    json.begin_array("words");
    json.element("a");
    json.element("b");
    json.end_array();
    json.begin_object("inner");
    json.boolean("no", false);
    json.end_object();
    json.end_object();
    CHECK(json.text() == R"({
  "yes": true,
  "big": 18446744073709551615,
  "none": [],
  "words": [
    "a",
    "b"
  ],
  "inner": {
    "no": false
  }
}
)");
}

TEST_CASE("Strings are escaped where JSON asks for it") {
    CHECK(quoted("plain /text") == R"("plain /text")");
    CHECK(quoted(R"(a"b\c)") == R"("a\"b\\c")");
    CHECK(quoted("a\nb\x1b\x7f") == R"("a\u000ab\u001b\u007f")");
    CHECK(quoted(std::string_view("a\0b", 3)) == R"("a\u0000b")");
}

TEST_CASE("UTF-8 stays, and bytes that are none become the replacement character") {
    CHECK(quoted("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x9a\xa3") ==
          "\"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x9a\xa3\"");
    CHECK(quoted("a\xff"
                 "b") == R"("a\ufffdb")");
    CHECK(quoted("\xc3") == R"("\ufffd")");                                // cut short
    CHECK(quoted("\xe2\x82") == R"("\ufffd\ufffd")");                      // cut short
    CHECK(quoted("\xc0\xaf") == R"("\ufffd\ufffd")");                      // overlong '/'
    CHECK(quoted("\xed\xa0\x80") == R"("\ufffd\ufffd\ufffd")");            // a surrogate
    CHECK(quoted("\xf4\x90\x80\x80") == R"("\ufffd\ufffd\ufffd\ufffd")");  // beyond U+10FFFF
}

}  // namespace
}  // namespace skiff
