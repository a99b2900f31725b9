// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pty.h>
#include <termios.h>

#include <catch2/catch.hpp>
#include <string>

#include "running_console.h"

namespace skiff::devices::test {

/// A terminal whose user is the test.
struct Pty {
    UniqueFd master;
    UniqueFd slave;

    Pty() {
        int master_fd = -1;
        int slave_fd = -1;
        REQUIRE(::openpty(&master_fd, &slave_fd, nullptr, nullptr, nullptr) == 0);
        master.reset(master_fd);
        slave.reset(slave_fd);
    }
    termios mode() const {
        termios now{};
        (void)::tcgetattr(slave.get(), &now);
        return now;
    }
    bool is_raw() const { return (mode().c_lflag & (ICANON | ECHO | ISIG)) == 0; }
    ConsoleOptions options() const {
        ConsoleOptions options;
        options.input_fd = slave.get();
        options.output_fd = slave.get();
        options.quiet = true;
        return options;
    }
};

/// Reads up to the end of `wanted`, which must come.
inline void read_until(int fd, const std::string& wanted) {
    std::string text;
    while (!text.ends_with(wanted)) {
        const std::string byte = read_bytes(fd, 1);
        if (byte.empty()) {
            FAIL("'" << wanted << "' did not come, only '" << text << "'");
        }
        text += byte;
    }
}

}  // namespace skiff::devices::test
