// SPDX-License-Identifier: Apache-2.0
// The escape menu on a terminal, between the user and the guest.
#include "devices/console_menu/terminal_menu.h"

#include <catch2/catch.hpp>
#include <string>
#include <thread>

#include "pty.h"
#include "running_console.h"

using namespace skiff;
using namespace skiff::devices;
using namespace skiff::devices::test;

TEST_CASE("Terminal's Ctrl-] q quits, delivers what was typed before it and nothing after") {
    const Pty pty;
    RunningConsole guest(pty.options());
    write_bytes(pty.master.get(), "ab\035qcd");
    CHECK(guest.read(2) == "ab");
    CHECK(eventually([&] { return guest.menu.quits == 1; }));
    write_bytes(pty.master.get(), "ef\035q");
    read_until(pty.master.get(), "skiff> q\r\n");
    // What the guest printed meanwhile is delivered at the end.
    guest.print("x");
    (void)guest.finish();
    CHECK(read_bytes(pty.master.get(), 1) == "x");
    CHECK(guest.menu.quits == 1);
    CHECK((guest.read_register(uart::kLineStatus) & uart::kLsrDataReady) == 0);
}

TEST_CASE("Terminal's Ctrl-] q quits also when the guest reads nothing of what was pasted before") {
    const Pty pty;
    RunningConsole guest(pty.options());
    write_bytes(pty.master.get(), pattern(100'000) + "\035q");
    CHECK(eventually([&] { return guest.menu.quits == 1; }));
}

TEST_CASE("Terminal's menu opens also where the guest takes nothing of as much as is read ahead") {
    const Pty pty;
    RunningConsole guest(pty.options());
    // To the last byte that is read ahead: the UART keeps 4 KiB of its own.
    write_bytes(pty.master.get(), pattern(ConsoleHost::kTypeAheadBytes - 1000) + "\035");
    read_until(pty.master.get(), "skiff> ");
    write_bytes(pty.master.get(), "b 1M\r");
    read_until(pty.master.get(), "i shows how far it is\r\n");
    (void)guest.finish();
    CHECK(guest.menu.asked == "balloon=1 MiB ");
}

TEST_CASE("Terminal's menu holds the guest's output back and loses nothing of it") {
    const Pty pty;
    RunningConsole guest(pty.options());
    guest.print("before ");
    read_until(pty.master.get(), "before ");
    write_bytes(pty.master.get(), "ab\035");
    read_until(pty.master.get(), "skiff> ");
    // More than is kept: the guest is held in the end.
    const std::string text = pattern(OutputBuffer::kDefaultCapacity + 10'000);
    std::thread vcpu([&] { guest.print(text); });
    CHECK(eventually(
        [&] { return (guest.read_register(uart::kLineStatus) & uart::kLsrHoldingEmpty) == 0; }));
    CHECK(guest.loop_is_idle());
    write_bytes(pty.master.get(), "i\rcd");
    CHECK(read_bytes(pty.master.get(), 16) == "i\r\nall is well\r\n");
    CHECK(read_bytes(pty.master.get(), text.size()) == text);
    vcpu.join();
    CHECK(guest.read(4) == "abcd");
}

TEST_CASE("Terminal's Ctrl-] twice is one for the guest") {
    const Pty pty;
    RunningConsole guest(pty.options());
    write_bytes(pty.master.get(), "a\035\035b\035\rc");
    CHECK(guest.read(4) == "a\035bc");
    CHECK(guest.menu.quits == 0);
}

TEST_CASE("Terminal's menu does not stop the guest's output where that goes elsewhere") {
    const Pty pty;
    const Ends output = make_pipe();
    ConsoleOptions options = pty.options();
    options.output_fd = output.second.get();
    RunningConsole guest(options);
    write_bytes(pty.master.get(), "\035");
    read_until(pty.master.get(), "skiff> ");
    guest.print("to the pipe");
    CHECK(read_bytes(output.first.get(), 11) == "to the pipe");
}

TEST_CASE("Terminal that takes nothing more of a menu does not stop the guest's input") {
    const Pty pty;
    RunningConsole guest(pty.options());
    // Far more help than a terminal holds that nobody reads.
    std::string keys = "\035";
    for (int i = 0; i < 1000; ++i) {
        keys += "h\r";
    }
    write_bytes(pty.master.get(), keys + "\rab");
    CHECK(guest.read(2) == "ab");
    CHECK(guest.loop_is_idle());
}

TEST_CASE("Terminal's Ctrl-] is the guest's where there is no menu") {
    const Pty pty;
    auto loop = EventLoop::create();
    auto console = ConsoleHost::create(*loop, pty.options());
    REQUIRE(console.ok());
    struct Guest final : ConsoleInput {
        std::size_t input_room() override { return 100; }
        std::size_t receive(std::span<const std::uint8_t> bytes) override {
            text.append(bytes.begin(), bytes.end());
            return bytes.size();
        }
        std::string text;
    } guest;
    (*console)->set_input(guest);
    (*console)->start();
    write_bytes(pty.master.get(), "\035");
    CHECK(eventually([&] {
        loop->run_until_idle();
        return guest.text == "\035";
    }));
}
