// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/console_watch.h"

#include <catch2/catch.hpp>
#include <string_view>

using skiff::machine::ConsoleWatch;

namespace {

bool print(ConsoleWatch& watch, std::string_view text) {
    return watch.on_output({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace

TEST_CASE("The last lines are kept, the unfinished one included") {
    ConsoleWatch watch;
    print(watch, "one\r\ntwo\r\nthr");
    print(watch, "ee");
    REQUIRE(watch.last_lines(2) == std::vector<std::string>{"two", "three"});
    REQUIRE(watch.last_lines(9) == std::vector<std::string>{"one", "two", "three"});
}

TEST_CASE("A guest that prints without end does not make the watch grow") {
    ConsoleWatch watch;
    print(watch, std::string(10 * ConsoleWatch::kKeptBytes, 'x'));
    REQUIRE(watch.last_lines(1).at(0).size() == ConsoleWatch::kKeptBytes);
    print(watch, std::string(10 * ConsoleWatch::kKeptBytes, '\n'));
    REQUIRE(watch.last_lines(1'000'000).size() == ConsoleWatch::kKeptBytes);
    REQUIRE_FALSE(watch.panicked());
}

TEST_CASE("A kernel panic is noticed with its message") {
    ConsoleWatch watch;
    print(watch, "[    1.5] Kernel panic - not syncing: VFS: Unable to mount root fs\n");
    REQUIRE(watch.panicked());
    REQUIRE(watch.panic_message() == "Kernel panic - not syncing: VFS: Unable to mount root fs");
    REQUIRE_FALSE(watch.panic_is_over());
    REQUIRE(print(watch, "[    1.6] ---[ end Kernel panic - not syncing: VFS ]---\r\n"));
    REQUIRE(watch.panic_message() == "Kernel panic - not syncing: VFS: Unable to mount root fs");
}

TEST_CASE("Output after the end marker means that the kernel lives") {
    ConsoleWatch watch;
    REQUIRE(print(watch, "---[ end Kernel panic - not syncing: old log ]---\n"));
    REQUIRE_FALSE(print(watch, "# "));
    REQUIRE_FALSE(watch.panic_is_over());
}

TEST_CASE("A panic message that scrolled far away no longer counts") {
    ConsoleWatch watch;
    print(watch, "Kernel panic - not syncing: in some log file\n");
    print(watch, std::string(ConsoleWatch::kKeptBytes, '.'));
    REQUIRE_FALSE(watch.panicked());
}
