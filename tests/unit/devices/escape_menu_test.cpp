// SPDX-License-Identifier: Apache-2.0
#include "devices/console_menu/escape_menu.h"

#include <catch2/catch.hpp>

#include "fake_menu_actions.h"

using namespace skiff;
using namespace skiff::devices;
using test::FakeMenuActions;

namespace {

struct OpenMenu {
    OpenMenu() { shown = menu.open(); }

    EscapeMenu::Outcome type(const std::string& keys) {
        const auto outcome =
            menu.keys({reinterpret_cast<const std::uint8_t*>(keys.data()), keys.size()});
        shown = outcome.text;
        return outcome;
    }
    bool shows(const std::string& text) const { return shown.find(text) != std::string::npos; }

    FakeMenuActions actions;
    EscapeMenu menu{actions};
    std::string shown;
};

}  // namespace

TEST_CASE("Menu shows its commands in one line, and a prompt") {
    const OpenMenu open;
    CHECK(open.shows("\nskiff: q quit, "));
    CHECK(open.shows("Enter: back\nskiff> "));
    CHECK(std::count(open.shown.begin(), open.shown.end(), '\n') == 2);
}

TEST_CASE("Menu quits at a single q, and by the word") {
    for (const std::string keys : {"q", "q\r", "\x15q", " quit\r"}) {
        CAPTURE(keys);
        OpenMenu open;
        const auto outcome = open.type(keys);
        CHECK(outcome.has_quit);
        CHECK_FALSE(outcome.is_over);
        CHECK(open.actions.quits == 1);
    }
}

TEST_CASE("Menu does not quit where the q is not the first key") {
    OpenMenu open;
    CHECK_FALSE(open.type("b q").has_quit);
    CHECK(open.actions.quits == 0);
}

TEST_CASE("Menu's commands reach the machine, and the guest has the terminal again") {
    struct {
        std::string keys;
        std::string asked;
    } const cases[] = {
        {"p\r", "power "},
        {"power\n", "power "},
        {"b 64M\r", "balloon=64 MiB "},
        {"balloon 64\r", "balloon=64 MiB "},
        {"b  0 \r", "balloon=0 B "},
        {"b 1G\r", "balloon=1 GiB "},
        {"f\r", "hints "},
        {"free stop\r", "stop-hints "},
        {"i\r", ""},
        {"\r", ""},
        {"b 6\x7f\x7f\x7f\r", ""},
        {"x\bp\r", "power "},
        {"xyz\x15p\r", "power "},
        {"\x1b[Ap\x1bOB\x1b[1;5C\r", "power "},
    };
    for (const auto& [keys, asked] : cases) {
        CAPTURE(keys);
        OpenMenu open;
        const auto outcome = open.type(keys);
        CHECK(outcome.is_over);
        CHECK_FALSE(outcome.has_quit);
        CHECK_FALSE(outcome.sends_key);
        CHECK(outcome.used == keys.size());
        CHECK(open.actions.asked == asked);
        CHECK(outcome.text.back() == '\n');
    }
}

TEST_CASE("Menu keeps the prompt and says why, where a command is wrong") {
    struct {
        std::string keys;
        std::string says;
    } const cases[] = {
        {"x\r", "there is no command 'x'; h tells which there are"},
        {"b\r", "b takes the size that the balloon is to have: b 64M"},
        {"b lots\r", "lots"},
        {"b 99999999999999999999\r", "99999999999999999999M"},
        {"b -1\r", "-1"},
        {"p now\r", "'now' is too much: p takes nothing more"},
        {"b 1 2\r", "'2' is too much"},
        {"f off\r", "'off' is too much"},
    };
    for (const auto& [keys, says] : cases) {
        CAPTURE(keys);
        OpenMenu open;
        const auto outcome = open.type(keys);
        CHECK_FALSE(outcome.is_over);
        CHECK_FALSE(outcome.has_quit);
        CHECK(open.shows(says));
        CHECK(outcome.text.ends_with("\nskiff> "));
        CHECK(open.actions.asked.empty());
        CHECK(open.type("q").has_quit);
    }
}

TEST_CASE("Menu shows what the machine answers") {
    OpenMenu open;
    open.actions.most_bytes = 0;
    CHECK(open.type("b 1\r").is_over);
    CHECK(open.shows("too large\n"));
    open.menu.open();
    CHECK(open.type("i\r").is_over);
    CHECK(open.shows("all is well\n"));
}

TEST_CASE("Menu explains each command and stays") {
    for (const std::string keys : {"h\r", "?\r", "help\r"}) {
        OpenMenu open;
        CHECK_FALSE(open.type(keys).is_over);
        for (const char* line : {"\nb SIZE ", "\nCtrl-] ", "\nf, f stop", "no Enter needed"}) {
            CHECK(open.shows(line));
        }
        CHECK(open.shown.ends_with("\nskiff> "));
    }
}

TEST_CASE("Menu goes back to the guest at Esc, Ctrl-C and Ctrl-D, and leaves the rest to it") {
    for (const std::string key : {"\x1b", "\x03", "\x04"}) {
        OpenMenu open;
        const auto outcome = open.type("b 1" + key + "ls");
        CHECK(outcome.is_over);
        CHECK(outcome.used == 4);
        CHECK(open.actions.asked.empty());
        // Nothing of it is left for the next time.
        open.menu.open();
        CHECK(open.type("p\r").is_over);
        CHECK(open.actions.asked == "power ");
    }
}

TEST_CASE("Menu sends Ctrl-] to the guest where it is pressed twice") {
    OpenMenu open;
    const auto outcome = open.type("\x1d");
    CHECK(outcome.sends_key);
    CHECK(outcome.is_over);
}

TEST_CASE("Menu echoes no more than a line's length, and no control characters") {
    OpenMenu open;
    const auto outcome = open.type(std::string(500, 'x') + "\x01\x80\xff");
    CHECK(outcome.text == std::string(60, 'x'));
    CHECK(open.type(std::string(500, '\x7f')).text.size() == 60 * 3);
}

TEST_CASE("Menu takes whatever is typed") {
    for (int first = 0; first < 256; ++first) {
        for (int second = 0; second < 256; ++second) {
            OpenMenu open;
            const std::string keys = {static_cast<char>(first), static_cast<char>(second)};
            CHECK(open.type(keys).used <= 2);
        }
    }
    OpenMenu open;
    CHECK(open.type("\x1b[1;").used == 4);
}
