// SPDX-License-Identifier: Apache-2.0
#include "base/sha1.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>

#include "base/utf8.h"

namespace skiff {
namespace {

std::string hex(const std::string& text) {
    std::string digits;
    for (const std::uint8_t byte : sha1(text)) {
        digits += fmt::format("{:02x}", byte);
    }
    return digits;
}

TEST_CASE("SHA-1 of the texts of RFC 3174, and around the end of a block") {
    CHECK(hex("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    CHECK(hex("") == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    CHECK(hex(std::string(1'000'000, 'a')) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    CHECK(hex(std::string(55, 'a')) == "c1c8bbdc22796e28c0e15163d20899b65621d65a");
    CHECK(hex(std::string(56, 'a')) == "c2db330f6083854c99d4b5bfb6e8f29f201be699");
    CHECK(hex(std::string(64, 'a')) == "0098ba824b5c16427bd7a1122a5a442a25ec644d");
}

TEST_CASE("UTF-8 is what RFC 3629 says, and nothing else") {
    for (const std::string& good :
         {std::string(), std::string("a\0b", 3), std::string("\xc2\x80\xdf\xbf"),
          std::string("\xe0\xa0\x80\xed\x9f\xbf\xef\xbf\xbf"),
          std::string("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")}) {
        CHECK(is_utf8(good));
    }
    for (const std::string& bad :
         {std::string("\x80"), std::string("\xc1\x81"), std::string("a\xc3"),
          std::string("\xe0\x80\x80"), std::string("\xed\xa0\x80"), std::string("\xf4\x90\x80\x80"),
          std::string("\xf0\x90\x80")}) {
        CHECK_FALSE(is_utf8(bad));
    }
}

}  // namespace
}  // namespace skiff
