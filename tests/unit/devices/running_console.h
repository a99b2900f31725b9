// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/event_loop.h"
#include "base/unique_fd.h"
#include "devices/host_side/console_host.h"
#include "devices/serial/serial_port.h"
#include "fake_menu_actions.h"
#include "serial_fakes.h"

namespace skiff::devices::test {

inline constexpr auto kDeadline = std::chrono::seconds(10);

/// Asks until the answer is yes, for at most kDeadline.
template <typename Question>
bool eventually(Question question) {
    const auto give_up = std::chrono::steady_clock::now() + kDeadline;
    while (!question()) {
        if (std::chrono::steady_clock::now() > give_up) {
            return false;
        }
        ::poll(nullptr, 0, 1);
    }
    return true;
}

struct Ends {
    UniqueFd first;   // for a pipe: to read from
    UniqueFd second;  // to write to
};

inline Ends make_pipe() {
    std::array<int, 2> fds{};
    REQUIRE(::pipe2(fds.data(), O_CLOEXEC) == 0);
    return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

inline Ends make_socket_pair() {
    std::array<int, 2> fds{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) == 0);
    return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

/// Reads `size` bytes, or what comes before the end or the deadline.
inline std::string read_bytes(int fd, std::size_t size) {
    std::string text;
    std::array<char, 4096> part;
    const auto give_up = std::chrono::steady_clock::now() + kDeadline;
    while (text.size() < size && std::chrono::steady_clock::now() < give_up) {
        pollfd entry{};
        entry.fd = fd;
        entry.events = POLLIN;
        if (::poll(&entry, 1, 100) != 1) {
            continue;
        }
        const ssize_t got = ::read(fd, part.data(), std::min(part.size(), size - text.size()));
        if (got <= 0) {
            break;
        }
        text.append(part.data(), static_cast<std::size_t>(got));
    }
    return text;
}

inline void write_bytes(int fd, const std::string& text) {
    std::size_t written = 0;
    while (written < text.size()) {
        const ssize_t result = ::write(fd, text.data() + written, text.size() - written);
        SKIFF_CHECK(result > 0);  // also on threads, where REQUIRE is not allowed
        written += static_cast<std::size_t>(result);
    }
}

inline std::string pattern(std::size_t size) {
    std::string text(size, ' ');
    for (std::size_t i = 0; i < size; ++i) {
        text[i] = static_cast<char>('!' + i % 89);
    }
    return text;
}

/// A file or directory below the temporary directory, with a name of its own, removed at the end.
class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        std::string name = "/tmp/skiff-unit-XXXXXX";
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~TemporaryDirectory() {
        for (const char* name : {"/out", "/s", "/fifo"}) {
            ::unlink((path_ + name).c_str());
        }
        ::rmdir(path_.c_str());
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    std::string operator/(const char* name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

/// A serial port and its host side, whose event loop runs; the test is the guest.
class RunningConsole {
  public:
    explicit RunningConsole(ConsoleOptions options) : loop_(take(EventLoop::create())) {
        options.quiet = true;
        options.menu = &menu;
        console_ = take(ConsoleHost::create(loop_, options));
        port_ = std::make_unique<SerialPort>(*console_, irq_);
        console_->set_input(*port_);
        console_->on_input_closed([this](InputEnd) { input_ends.fetch_add(1); });
        console_->on_output_closed(
            [this](OutputEnd, const std::string&) { output_ends.fetch_add(1); });
        console_->start();
        thread_ = std::thread([this] { loop_.run(); });
    }
    ~RunningConsole() {
        if (thread_.joinable()) {
            (void)finish();
        }
    }
    RunningConsole(const RunningConsole&) = delete;
    RunningConsole& operator=(const RunningConsole&) = delete;

    ConsoleHost::Finished finish() {
        console_->release();
        loop_.stop();
        thread_.join();
        return console_->finish();
    }

    /// Closes the host side, after finish().
    void close() { console_.reset(); }

    /// As a payload does: without a look at LSR.
    void print(const std::string& text) {
        for (const char c : text) {
            const auto byte = static_cast<std::uint8_t>(c);
            (void)port_->bus_device().write(uart::kData, {&byte, 1});
        }
    }
    /// Polls LSR for `size` bytes.
    std::string read(std::size_t size) {
        std::string text;
        const auto give_up = std::chrono::steady_clock::now() + kDeadline;
        while (text.size() < size && std::chrono::steady_clock::now() < give_up) {
            if ((read_register(uart::kLineStatus) & uart::kLsrDataReady) != 0) {
                text += static_cast<char>(read_register(uart::kData));
            }
        }
        return text;
    }
    std::uint8_t read_register(std::uint64_t offset) {
        std::uint8_t value = 0;
        (void)port_->bus_device().read(offset, {&value, 1});
        return value;
    }
    ConsoleHost& console() { return *console_; }

    /// Whether the event loop's thread sleeps: it uses next to no time of a short span.
    bool loop_is_idle() {
        const auto used = [this] {
            clockid_t clock{};
            timespec time{};
            REQUIRE(::pthread_getcpuclockid(thread_.native_handle(), &clock) == 0);
            REQUIRE(::clock_gettime(clock, &time) == 0);
            return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
        };
        // A spinning thread needs a fraction of a second for this much, also on a busy machine.
        constexpr auto kSpan = std::chrono::milliseconds(50);
        const auto before = used();
        ::poll(nullptr, 0, static_cast<int>(kSpan.count()));
        return used() - before < kSpan / 10;
    }

    FakeMenuActions menu;
    std::atomic<int> input_ends{0};
    std::atomic<int> output_ends{0};

  private:
    template <typename T>
    static T take(Result<T> result) {
        if (!result.ok()) {
            FAIL(result.error().message());
        }
        return std::move(result).value();
    }

    EventLoop loop_;
    CountingIrq irq_;
    std::unique_ptr<SerialPort> port_;  // used until console_ has gone
    std::unique_ptr<ConsoleHost> console_;
    std::thread thread_;
};

}  // namespace skiff::devices::test
