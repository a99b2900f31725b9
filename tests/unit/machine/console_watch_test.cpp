// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/console_watch.h"

#include <catch2/catch.hpp>
#include <string_view>

using skiff::machine::ConsoleWatch;
using skiff::machine::index_of;
using skiff::machine::KernelTrouble;

namespace {

ConsoleWatch::News news_of(ConsoleWatch& watch, std::string_view text) {
    return watch.on_output({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

bool print(ConsoleWatch& watch, std::string_view text) {
    return news_of(watch, text).panic_is_over;
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
    print(watch, "[    1.500000] Kernel panic - not syncing: VFS: Unable to mount root fs\n");
    REQUIRE(watch.panicked());
    REQUIRE(watch.panic_message() == "Kernel panic - not syncing: VFS: Unable to mount root fs");
    REQUIRE_FALSE(watch.panic_is_over());
    REQUIRE(print(watch, "[    1.600000] ---[ end Kernel panic - not syncing: VFS ]---\r\n"));
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

TEST_CASE("A kernel that waits before it reboots has panicked, one that only says so has not") {
    ConsoleWatch watch;
    REQUIRE_FALSE(print(watch, "Rebooting in 10 seconds..\n"));
    print(watch, "Kernel panic - not syncing: a test\n");
    REQUIRE(print(watch, "Rebooting in 10 seconds..\n"));
}

TEST_CASE("Trouble is noticed when its line ends, once for each line") {
    ConsoleWatch watch;
    REQUIRE(news_of(watch, "[    1.000000] BUG: kernel NULL poin").troubles.none());
    const auto news = news_of(watch, "ter dereference\r\n");
    REQUIRE(news.troubles.count() == 1);
    REQUIRE(news.troubles.test(index_of(KernelTrouble::kOops)));
    REQUIRE(news_of(watch, "[    1.000001] #PF: supervisor read access\n").troubles.none());
    print(watch, "[    1.000002] Oops: 0000 [#1] SMP\n");
    REQUIRE(watch.first_message(KernelTrouble::kOops) == "BUG: kernel NULL pointer dereference");
    REQUIRE(watch.first_message(KernelTrouble::kWarning).empty());
}

TEST_CASE("Once the kernel has shown time stamps, a line without one is not the kernel's") {
    ConsoleWatch watch;
    REQUIRE(news_of(watch, "BUG: early\n").troubles.any());
    print(watch, "[    1.000000] Run /init as init process\n");
    REQUIRE(news_of(watch, "BUG: my program says\n").troubles.none());
    REQUIRE(news_of(watch, "Kernel panic - not syncing: says a program\n").troubles.none());
    REQUIRE_FALSE(watch.panicked());
    REQUIRE(news_of(watch, "progress: [    2.000000] BUG: the kernel says\n").troubles.any());
}

TEST_CASE("A trace is over at its end marker, until the next trouble") {
    ConsoleWatch watch;
    print(watch, "[    1.000000] WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2\n");
    REQUIRE_FALSE(watch.trace_is_over());
    print(watch, "[    1.000001] ---[ end trace 0000000000000000 ]---\n");
    REQUIRE(watch.trace_is_over());
    print(watch, "[    1.000002] BUG: x\n");
    REQUIRE_FALSE(watch.trace_is_over());
}

TEST_CASE("The lines since a trouble begin with the first one of its severity") {
    ConsoleWatch watch;
    print(watch,
          "[    1.000000] WARNING: CPU: 0\n[    1.000001] WARNING: CPU: 0 PID: 1 at a.c:1\n");
    print(watch,
          "[    1.000002] BUG: x\n[    1.000003] Call Trace:\n[    1.000004] Oops: 0 [#1]\n");
    REQUIRE(watch.lines_since(KernelTrouble::kOops, 100).size() == 3);
    REQUIRE(watch.lines_since(KernelTrouble::kWarning, 100).size() == 5);
    REQUIRE(watch.lines_since(KernelTrouble::kOops, 2).size() == 1);
    REQUIRE(watch.lines_since(KernelTrouble::kPanic, 100).empty());
}
