// SPDX-License-Identifier: Apache-2.0
#include "devices/serial/escaped_input.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>
#include <vector>

namespace skiff::devices {
namespace {

using Bytes = std::vector<std::uint8_t>;

class Line final : public ConsoleInput {
  public:
    std::size_t input_room() override { return room; }
    std::size_t receive(std::span<const std::uint8_t> bytes) override {
        const std::size_t taken = std::min(bytes.size(), room);
        got.insert(got.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
        room -= taken;
        return taken;
    }
    std::size_t room = 1000;
    Bytes got;
};

struct Fixture {
    Line line;
    EscapedInput input{line};
};

TEST_CASE_METHOD(Fixture, "Escaped input: nothing goes without the guest's credit") {
    CHECK(input.input_room() == 0);
    CHECK(input.receive(Bytes{'a'}) == 0);
    input.add_credit(5);
    CHECK(input.input_room() == 2);
    CHECK(input.receive(Bytes{'a', 'b', 'c'}) == 2);
    CHECK(line.got == Bytes{'a', 'b'});
    // What was not escaped has cost one byte only.
    CHECK(input.input_room() == 1);
}

TEST_CASE_METHOD(Fixture,
                 "Escaped input: an escape is sent twice, all other bytes are themselves") {
    input.add_credit(2000);
    Bytes all(256);
    // Downwards, so that an escape before any other byte cannot look like the right one.
    std::iota(all.rbegin(), all.rend(), std::uint8_t{0});
    CHECK(input.receive(all) == 256);
    Bytes wanted = all;
    wanted.insert(wanted.end() - EscapedInput::kEscape - 1, EscapedInput::kEscape);
    CHECK(line.got == wanted);
}

TEST_CASE_METHOD(Fixture,
                 "Escaped input: the end comes once, behind all input, when there is room") {
    input.add_credit(3);
    CHECK(input.receive(Bytes{'a'}) == 1);
    line.room = 0;
    input.end();
    CHECK(line.got == Bytes{'a'});
    line.room = 1;
    input.line_has_room();
    CHECK(line.got == Bytes{'a'});
    line.room = 10;
    input.line_has_room();
    input.line_has_room();
    input.add_credit(100);
    CHECK(line.got == Bytes{'a', EscapedInput::kEscape, EscapedInput::kEnd});
}

TEST_CASE_METHOD(Fixture, "Escaped input: the end waits for credit too") {
    input.end();
    input.add_credit(1);
    CHECK(line.got.empty());
    input.add_credit(1);
    CHECK(line.got == Bytes{EscapedInput::kEscape, EscapedInput::kEnd});
}

TEST_CASE_METHOD(Fixture, "Escaped input: no guest's credit grows without bound") {
    line.room = 10 * EscapedInput::kMaxCredit;
    for (int i = 0; i < 10'000; ++i) {
        input.add_credit(255 * 64);
    }
    CHECK(input.input_room() == EscapedInput::kMaxCredit / 2);
}

}  // namespace
}  // namespace skiff::devices
