// SPDX-License-Identifier: Apache-2.0
#include "virtio/console/console_device.h"

#include <chrono>
#include <functional>

#include "console_fixture.h"
#include "virtio/mmio/mmio_registers.h"

using namespace skiff;
using namespace skiff::virtio;
using namespace skiff::virtio::console;
using test::Bytes;
using test::ConsoleFixture;

namespace {

std::string pattern(std::size_t size) {
    std::string text(size, ' ');
    for (std::size_t i = 0; i < size; ++i) {
        text[i] = static_cast<char>('!' + i % 89);
    }
    return text;
}

}  // namespace

TEST_CASE("A console without MULTIPORT carries bytes both ways at once") {
    ConsoleFixture fixture;
    fixture.start(0);
    CHECK(fixture.print("to the host"));
    CHECK(fixture.console.output == "to the host");
    CHECK(fixture.console.input("to the guest") == 12);
    CHECK(fixture.read(100) == "to the guest");
    CHECK(fixture.device().ports()[0]->counters().bytes_out.value() == 11);
    CHECK(fixture.device().ports()[0]->counters().bytes_in.value() == 12);
}

TEST_CASE("The driver is told of each port when it is ready, in the order that Linux needs") {
    ConsoleFixture fixture;
    fixture.console.window = {.columns = 100, .rows = 30};
    fixture.start();
    CHECK_FALSE(fixture.next_message().has_value());
    CHECK(fixture.send(0, VIRTIO_CONSOLE_DEVICE_READY, 1));
    CHECK(fixture.next_message()->is(0, VIRTIO_CONSOLE_DEVICE_ADD, 1));
    CHECK(fixture.next_message()->is(1, VIRTIO_CONSOLE_DEVICE_ADD, 1));
    CHECK_FALSE(fixture.next_message().has_value());

    CHECK(fixture.send(0, VIRTIO_CONSOLE_PORT_READY, 1));
    CHECK(fixture.next_message()->is(0, VIRTIO_CONSOLE_CONSOLE_PORT, 1));
    const auto size = fixture.next_message();
    CHECK(size->is(0, VIRTIO_CONSOLE_RESIZE, 1));
    CHECK(size->rest == Bytes{100, 0, 30, 0});
    CHECK(fixture.next_message()->is(0, VIRTIO_CONSOLE_PORT_OPEN, 1));
    CHECK_FALSE(fixture.next_message().has_value());

    CHECK(fixture.send(1, VIRTIO_CONSOLE_PORT_READY, 1));
    const auto name = fixture.next_message();
    CHECK(name->is(1, VIRTIO_CONSOLE_PORT_NAME, 1));
    CHECK(test::text_of(name->rest) == "first");
    CHECK(fixture.next_message()->is(1, VIRTIO_CONSOLE_PORT_OPEN, 1));
    CHECK_FALSE(fixture.next_message().has_value());
}

TEST_CASE("A driver that says twice that it is ready is not told of its ports twice") {
    ConsoleFixture fixture;
    fixture.start_and_open_all();
    CHECK(fixture.send(0, VIRTIO_CONSOLE_DEVICE_READY, 1));
    CHECK_FALSE(fixture.next_message().has_value());
}

TEST_CASE("Input waits until the guest has opened the port") {
    ConsoleFixture fixture;
    fixture.start();
    CHECK(fixture.first.input("early") == 5);
    CHECK_FALSE(fixture.read(100, 4).has_value());
    fixture.send(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
    fixture.send(1, VIRTIO_CONSOLE_PORT_READY, 1);
    CHECK(fixture.queues[4]->used_idx() == 0);
    fixture.send(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
    CHECK(fixture.queues[4]->used_idx() == 1);
    CHECK(fixture.queues[4]->take_used()->len == 5);
    fixture.send(1, VIRTIO_CONSOLE_PORT_OPEN, 0);
    CHECK(fixture.first.input("late") == 4);
    CHECK_FALSE(fixture.read(100, 4).has_value());
}

TEST_CASE("Output that the other end does not take stays in the guest, and none of it is lost") {
    ConsoleFixture fixture;
    fixture.start(0);
    fixture.console.output_room = 30'000;
    const std::string text = pattern(100'000);
    CHECK_FALSE(fixture.print(text));
    CHECK(fixture.console.output.size() == 30'000);
    CHECK_FALSE(fixture.print("and more"));
    fixture.console.make_room(50'000);
    fixture.loop.run_until_idle();
    CHECK(fixture.queues[1]->used_idx() == 0);
    fixture.console.make_room(SIZE_MAX);
    fixture.loop.run_until_idle();
    CHECK(fixture.queues[1]->used_idx() == 2);
    CHECK(fixture.console.output == text + "and more");
}

TEST_CASE("Output of any framing arrives: several buffers, indirect ones, much at once") {
    ConsoleFixture fixture;
    fixture.start(0);
    const std::string text = pattern(3'000'000);
    fixture.queues[1]->chain().readable({'a', 'b'}).readable({'c'}).submit();
    fixture.queues[1]->chain().readable({'d'}).readable({'e'}).submit();
    fixture.queues[1]->chain().readable(test::bytes_of(text)).submit();
    fixture.notify(1);
    CHECK(fixture.queues[1]->used_idx() == 3);
    CHECK(fixture.console.output == "abcde" + text);
}

TEST_CASE("Input behind a bound waits on the host, which is told when there is room") {
    ConsoleFixture fixture;
    fixture.start(0);
    const std::string text = pattern(2 * ConsolePort::kInputBytes);
    CHECK(fixture.console.input(text) == ConsolePort::kInputBytes);
    CHECK(fixture.console.input(text) == 0);
    CHECK(fixture.console.input_wanted == 0);
    CHECK(fixture.read(100) == text.substr(0, 100));
    CHECK(fixture.console.input_wanted == 0);
    CHECK(fixture.read(ConsolePort::kInputBytes) ==
          text.substr(100, ConsolePort::kInputBytes - 100));
    CHECK(fixture.console.input_wanted == 1);
    // The ring's end is in the middle now.
    CHECK(fixture.console.input(text.substr(0, 500)) == 500);
    CHECK(fixture.read(1000) == text.substr(0, 500));
}

TEST_CASE("A client that comes and goes is shown to the guest, after what it had sent") {
    ConsoleFixture fixture;
    fixture.first.is_connected = false;
    fixture.start_and_open_all();
    fixture.first.connect(true);
    CHECK(fixture.next_message()->is(1, VIRTIO_CONSOLE_PORT_OPEN, 1));
    CHECK(fixture.first.input("bye") == 3);
    fixture.first.connect(false);
    CHECK_FALSE(fixture.next_message().has_value());
    CHECK(fixture.read(10, 4) == "bye");
    CHECK(fixture.next_message()->is(1, VIRTIO_CONSOLE_PORT_OPEN, 0));
    fixture.first.connect(true);
    CHECK(fixture.next_message()->is(1, VIRTIO_CONSOLE_PORT_OPEN, 1));
}

TEST_CASE("Changes while the driver has no room for messages come to their last state") {
    ConsoleFixture fixture;
    fixture.start_and_open_all();
    // One chain of the fixture waits in the queue: take it first.
    fixture.first.connect(false);
    CHECK(fixture.next_message()->is(1, VIRTIO_CONSOLE_PORT_OPEN, 0));
    for (int i = 0; i < 1000; ++i) {
        fixture.first.connect(i % 2 == 0);
        fixture.console.resize(static_cast<std::uint16_t>(i + 1), 24);
        fixture.loop.run_until_idle();
    }
    const auto size = fixture.next_message();
    CHECK(size->is(0, VIRTIO_CONSOLE_RESIZE, 1));
    CHECK(size->rest == Bytes{0xe8, 3, 24, 0});
    CHECK(fixture.next_message()->is(1, VIRTIO_CONSOLE_PORT_OPEN, 0));
    CHECK_FALSE(fixture.next_message().has_value());
}

TEST_CASE("The window's size is in the configuration space, and changes are told") {
    ConsoleFixture fixture;
    fixture.start(VIRTIO_CONSOLE_F_SIZE);
    fixture.line.take();
    fixture.console.resize(132, 43);
    CHECK(fixture.line.take() == 1);
    CHECK(fixture.driver->take_interrupts() == mmio::kConfigurationChangeNotification);
    CHECK(fixture.config().cols == 132);
    CHECK(fixture.config().rows == 43);
    CHECK(fixture.config().max_nr_ports == 2);
}

TEST_CASE("SIZE and EMERG_WRITE are offered only where there is what they need") {
    ConsoleFixture with;
    ConsoleFixture no_window(true, false);
    ConsoleFixture no_console(false);
    const auto offered = [](ConsoleFixture& fixture) {
        return fixture.driver->offered_features() & 7;
    };
    CHECK(offered(with) ==
          (VIRTIO_CONSOLE_F_SIZE | VIRTIO_CONSOLE_F_MULTIPORT | VIRTIO_CONSOLE_F_EMERG_WRITE));
    CHECK(offered(no_window) == (VIRTIO_CONSOLE_F_MULTIPORT | VIRTIO_CONSOLE_F_EMERG_WRITE));
    CHECK(offered(no_console) == VIRTIO_CONSOLE_F_MULTIPORT);
}

TEST_CASE("Without a console port 0 has its queues, is not announced, and swallows") {
    ConsoleFixture fixture(false);
    fixture.start();
    CHECK(fixture.print("nobody"));
    fixture.send(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
    CHECK(fixture.next_message()->is(1, VIRTIO_CONSOLE_DEVICE_ADD, 1));
    CHECK_FALSE(fixture.next_message().has_value());
    fixture.send(0, VIRTIO_CONSOLE_PORT_READY, 1);
    fixture.driver->write(mmio::kConfig + 8, 'x');
    CHECK_FALSE(fixture.next_message().has_value());
    CHECK(fixture.device().ignored_messages().value() == 1);
}

TEST_CASE("Emergency writes are printed before any driver is there, a byte each") {
    ConsoleFixture fixture;
    fixture.driver->write(mmio::kConfig + 8, 0x1234'5600U + 'O');
    fixture.driver->try_write(mmio::kConfig + 8, 1, 'K');
    fixture.driver->try_write(mmio::kConfig + 9, 1, '?');
    fixture.driver->write(mmio::kConfig + 4, 77);
    CHECK(fixture.console.emergency == "OK");
    CHECK(fixture.config().max_nr_ports == 2);
    CHECK(fixture.config().emerg_wr == 0);
}

TEST_CASE("A console's driver may break the rules, and is told where it must") {
    struct Foul {
        const char* what;
        bool breaks;
        std::function<void(ConsoleFixture&)> play;
    };
    const std::vector<Foul> cases = {
        {"a writable buffer in a transmit queue", true,
         [](ConsoleFixture& f) {
             f.queues[1]->chain().readable({'x'}).writable(1).submit();
             f.notify(1);
         }},
        {"a readable buffer in a receive queue", true,
         [](ConsoleFixture& f) {
             CHECK(f.console.input("x") == 1);
             f.queues[0]->chain().readable({'x'}).writable(10).submit();
             f.notify(0);
         }},
        {"a writable buffer in the control transmit queue", true,
         [](ConsoleFixture& f) {
             f.queues[3]->chain().writable(8).submit();
             f.notify(3);
         }},
        {"a readable buffer in the control receive queue", true,
         [](ConsoleFixture& f) {
             f.forget_chains();
             f.console.resize(1, 2);
             f.queues[2]->chain().readable({'x'}).writable(100).submit();
             f.notify(2);
             f.console.resize(3, 4);
             f.loop.run_until_idle();
         }},
        {"an empty message", false, [](ConsoleFixture& f) { CHECK(f.send(Bytes(1))); }},
        {"a message that is too short", false,
         [](ConsoleFixture& f) { CHECK(f.send(Bytes(7, 0xff))); }},
        {"a message that is too long", false,
         [](ConsoleFixture& f) { CHECK(f.send(Bytes(4000, 0xff))); }},
        {"an event that there is not", false,
         [](ConsoleFixture& f) {
             for (unsigned event = 8; event < 0x10000; event += 0x777) {
                 CHECK(f.send(0, static_cast<std::uint16_t>(event), 1));
             }
         }},
        {"events that are the device's", false,
         [](ConsoleFixture& f) {
             for (const std::uint16_t event : std::array<std::uint16_t, 5>{1, 2, 4, 5, 7}) {
                 CHECK(f.send(1, event, 1));
             }
         }},
        {"ports that there are not", false,
         [](ConsoleFixture& f) {
             for (const std::uint32_t id : {2U, 3U, 0x7fff'ffffU, 0xffff'ffffU}) {
                 for (const std::uint16_t event : std::array<std::uint16_t, 2>{3, 6}) {
                     CHECK(f.send(id, event, 1));
                 }
             }
         }},
        {"a flood of messages", false,
         [](ConsoleFixture& f) {
             for (unsigned i = 0; i < 5000; ++i) {
                 CHECK(f.send(i % 2,
                              i % 3 == 0 ? VIRTIO_CONSOLE_PORT_READY : VIRTIO_CONSOLE_DEVICE_READY,
                              1));
             }
         }},
    };
    for (const Foul& foul : cases) {
        DYNAMIC_SECTION(foul.what) {
            ConsoleFixture fixture;
            fixture.start_and_open_all();
            foul.play(fixture);
            CHECK(fixture.broken() == foul.breaks);
            fixture.forget_chains();
            fixture.console.output.clear();
            fixture.start_and_open_all();
            CHECK(fixture.print("works again"));
            CHECK(fixture.console.output.ends_with("works again"));
        }
    }
}

TEST_CASE("A control buffer that is too small for its message breaks the device") {
    ConsoleFixture fixture;
    fixture.start();
    fixture.queues[2]->chain().writable(7).submit();
    fixture.notify(2);
    fixture.send(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
    fixture.loop.run_until_idle();
    CHECK(fixture.broken());
}

TEST_CASE("A driver that says that it or a port has failed is told nothing") {
    ConsoleFixture fixture;
    fixture.start();
    fixture.send(0, VIRTIO_CONSOLE_DEVICE_READY, 0);
    CHECK_FALSE(fixture.next_message().has_value());
    // And a port that was not announced cannot be ready or open.
    fixture.send(1, VIRTIO_CONSOLE_PORT_READY, 1);
    fixture.send(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
    CHECK_FALSE(fixture.next_message().has_value());
    CHECK(fixture.first.input("x") == 1);
    CHECK_FALSE(fixture.read(10, 4).has_value());
}

TEST_CASE("A reset forgets the driver's session and keeps the input that waits") {
    ConsoleFixture fixture;
    fixture.start_and_open_all();
    fixture.console.output_room = 0;
    CHECK_FALSE(fixture.print("never taken"));
    fixture.driver->write(mmio::kStatus, 0);
    CHECK(fixture.first.input("kept") == 4);
    fixture.console.output_room = SIZE_MAX;
    fixture.loop.run_until_idle();
    CHECK(fixture.console.output.empty());

    fixture.forget_chains();
    fixture.start();
    CHECK_FALSE(fixture.next_message().has_value());
    CHECK_FALSE(fixture.read(100, 4).has_value());
    fixture.send(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
    CHECK(fixture.next_message()->is(0, VIRTIO_CONSOLE_DEVICE_ADD, 1));
    CHECK(fixture.next_message()->is(1, VIRTIO_CONSOLE_DEVICE_ADD, 1));
    fixture.send(1, VIRTIO_CONSOLE_PORT_READY, 1);
    fixture.send(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
    CHECK(fixture.queues[4]->take_used()->len == 4);
}

TEST_CASE("A reset of one queue does not end the driver's session") {
    ConsoleFixture fixture;
    fixture.start_and_open_all();
    fixture.driver->write(mmio::kQueueSel, 4);
    fixture.driver->write(mmio::kQueueReset, 1);
    fixture.queues[4] = std::make_unique<test::DriverQueue>(fixture.memory, GuestAddress(48 * kMiB),
                                                            kMiB, ConsoleFixture::kQueueEntries);
    REQUIRE(fixture.driver->set_up_queue(4, fixture.queues[4]->layout()));
    fixture.loop.run_until_idle();
    CHECK(fixture.first.input("still open") == 10);
    CHECK(fixture.read(100, 4) == "still open");
}

TEST_CASE("At the end what the guest made available is delivered, or counted") {
    ConsoleFixture fixture;
    fixture.start_and_open_all();
    fixture.console.output_room = 3;
    fixture.first.is_connected = false;
    fixture.first.output_room = 0;
    CHECK_FALSE(fixture.print("console"));
    CHECK_FALSE(fixture.print("more"));
    CHECK_FALSE(fixture.print("nobody is there to read it", 5));
    const auto soon = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    SECTION("to a reader who is slow") {
        fixture.console.output_room = SIZE_MAX;
        CHECK(fixture.device().deliver_until(soon) == 0);
        CHECK(fixture.console.output == "consolemore");
    }
    SECTION("not to one who is stuck") {
        CHECK(fixture.device().deliver_until(soon) == 8);
        CHECK(fixture.console.output == "con");
    }
}
