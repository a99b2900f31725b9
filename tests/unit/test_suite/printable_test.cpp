// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/printable.h"

#include <catch2/catch.hpp>

namespace skiff::test_suite {
namespace {

TEST_CASE("Text stays, line ends become LF") {
    CHECK(printable("a\tb \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\r\nc\rd\n") ==
          "a\tb \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\nc\nd\n");
}

TEST_CASE("What drives a terminal becomes visible") {
    CHECK(printable("\x1b[2J\x07\x7f") == "\\x1b[2J\\x07\\x7f");
    CHECK(printable(std::string_view("a\0b", 3)) == "a\\x00b");
    CHECK(printable("\xc2\x9b") == "\\x9b");  // CSI in one character
}

TEST_CASE("What is no UTF-8, or no character of XML, is replaced") {
    const std::string replaced = "\xef\xbf\xbd";
    CHECK(printable("\xff") == replaced);
    CHECK(printable("\xc3") == replaced);
    CHECK(printable("\xc0\xaf") == replaced + replaced);                 // too long a form
    CHECK(printable("\xed\xa0\x80") == replaced + replaced + replaced);  // a surrogate
    CHECK(printable("\xf4\x90\x80\x80x") == replaced + replaced + replaced + replaced + "x");
    CHECK(printable("\xef\xbf\xbe") == replaced);  // U+FFFE
    CHECK(printable("\xe2\x82") == replaced + replaced);
}

TEST_CASE("A line stays one") {
    CHECK(printable_line("a\r\nb\tc\x1b") == "a\\nb\\tc\\x1b");
}

}  // namespace
}  // namespace skiff::test_suite
