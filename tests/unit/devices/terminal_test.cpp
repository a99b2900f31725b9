// SPDX-License-Identifier: Apache-2.0
// The terminal's mode: raw while the guest has it, and given back whatever happens.
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>

#include <csignal>
#include <cstdlib>
#include <functional>

#include "pty.h"
#include "running_console.h"

using namespace skiff;
using namespace skiff::devices;
using namespace skiff::devices::test;

namespace {

bool same(const termios& a, const termios& b) {
    return a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag && a.c_lflag == b.c_lflag &&
           a.c_cflag == b.c_cflag;
}

/// Runs `body` in a child process, without a core file and with a deadline; its wait status.
int in_child(const std::function<void()>& body) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const rlimit none{0, 0};
        ::setrlimit(RLIMIT_CORE, &none);
        ::alarm(10);
        body();
        std::_Exit(99);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return status;
}

/// In a child: a console on the terminal until Ctrl-] q, then its regular end.
[[noreturn]] void be_skiff(const Pty& pty, int ready_fd) {
    auto loop = EventLoop::create();
    FakeMenuActions menu;
    menu.on_quit = [&] { loop->stop(); };
    ConsoleOptions options = pty.options();
    options.menu = &menu;
    auto console = ConsoleHost::create(*loop, options);
    (*console)->start();
    if (::write(ready_fd, "r", 1) != 1) {
        std::_Exit(9);
    }
    loop->run();
    (void)(*console)->finish();
    console->reset();
    std::_Exit(same(pty.mode(), termios{}) ? 8 : 7);
}

/// Processor time that another process uses of the next 50 ms.
std::chrono::nanoseconds cpu_time_spent(pid_t process) {
    const auto used = [process] {
        clockid_t clock{};
        timespec time{};
        if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &time) != 0) {
            std::_Exit(97);
        }
        return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
    };
    const auto before = used();
    ::poll(nullptr, 0, 50);
    return used() - before;
}

/// In a child: `step` must hold soon, or the child ends with `number`, which names it.
template <typename Question>
void expect(int number, Question question) {
    if (!eventually(question)) {
        std::_Exit(number);
    }
}

}  // namespace

TEST_CASE("Terminal is raw while the console runs and as before afterwards") {
    const Pty pty;
    const termios before = pty.mode();
    CHECK_FALSE(pty.is_raw());
    {
        RunningConsole guest(pty.options());
        CHECK(pty.is_raw());
        CHECK((pty.mode().c_oflag & OPOST) == 0);
        write_bytes(pty.master.get(), "\003\032\034");  // Ctrl-C, Ctrl-Z, Ctrl-\ are the guest's
        CHECK(guest.read(3) == "\003\032\034");
        guest.print("\r\n");
        CHECK(read_bytes(pty.master.get(), 2) == "\r\n");
    }
    CHECK(same(pty.mode(), before));
}

TEST_CASE("Terminal's pasted text is bounded where the guest reads nothing") {
    const Pty pty;
    RunningConsole guest(pty.options());
    REQUIRE(::fcntl(pty.master.get(), F_SETFL, O_NONBLOCK) == 0);
    const std::string part = pattern(1000);
    std::size_t sent = 0;
    // Until nothing more fits for a while.
    const auto send = [&] { return ::write(pty.master.get(), part.data(), part.size()); };
    for (int refused = 0; refused < 20 && sent < 10'000'000;) {
        const ssize_t result = send();
        sent += result > 0 ? static_cast<std::size_t>(result) : 0;
        refused = result > 0 ? 0 : refused + 1;
        if (result <= 0) {
            ::poll(nullptr, 0, 5);
        }
    }
    CHECK(sent >= ConsoleHost::kTypeAheadBytes);
    CHECK(sent < 2 * ConsoleHost::kTypeAheadBytes);
    CHECK(guest.loop_is_idle());
    CHECK(guest.read(200'000).size() == 200'000);
}

TEST_CASE("Terminal's pasted text arrives whole") {
    const Pty pty;
    RunningConsole guest(pty.options());
    const std::string text = pattern(100'000);
    std::thread user([&] { write_bytes(pty.master.get(), text); });
    CHECK(guest.read(text.size()) == text);
    user.join();
}

TEST_CASE("Terminal that hangs up ends the input") {
    Pty pty;
    RunningConsole guest(pty.options());
    pty.master.reset();
    CHECK(eventually([&] { return guest.input_ends == 1; }));
}

TEST_CASE("Terminal is given back when a signal kills the process") {
    for (const int signal :
         {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
        CAPTURE(signal);
        const Pty pty;
        const termios before = pty.mode();
        const int status = in_child([&] {
            ::signal(signal, SIG_DFL);  // a sanitizer may have it
            auto loop = EventLoop::create();
            auto console = ConsoleHost::create(*loop, pty.options());
            (*console)->start();
            if (!pty.is_raw()) {
                std::_Exit(98);
            }
            ::raise(signal);
        });
        CHECK(WIFSIGNALED(status));
        CHECK(WTERMSIG(status) == signal);
        CHECK(same(pty.mode(), before));
    }
}

TEST_CASE("Terminal is given back when the process exits in the middle") {
    const Pty pty;
    const termios before = pty.mode();
    const int status = in_child([&] {
        auto loop = EventLoop::create();
        auto console = ConsoleHost::create(*loop, pty.options());
        (*console)->start();
        std::exit(pty.is_raw() ? 5 : 98);
    });
    CHECK(WEXITSTATUS(status) == 5);
    CHECK(same(pty.mode(), before));
}

TEST_CASE("Terminal leaves signals alone that somebody handles") {
    const Pty pty;
    const int status = in_child([&] {
        ::signal(SIGTERM, [](int) { std::_Exit(6); });
        auto loop = EventLoop::create();
        auto console = ConsoleHost::create(*loop, pty.options());
        (*console)->start();
        ::raise(SIGTERM);
    });
    CHECK(WEXITSTATUS(status) == 6);
}

TEST_CASE("Terminal follows job control: stopped, in the background, in the foreground") {
    const Pty pty;
    const termios before = pty.mode();
    const int status = in_child([&] {
        // This process is the shell: a session leader that owns the terminal.
        ::signal(SIGTTOU, SIG_IGN);
        if (::setsid() < 0 || ::ioctl(pty.slave.get(), TIOCSCTTY, 0) != 0) {
            std::_Exit(20);
        }
        std::array<int, 2> ready{};
        if (::pipe(ready.data()) != 0) {
            std::_Exit(21);
        }
        const pid_t job = ::fork();
        if (job == 0) {
            ::signal(SIGTTOU, SIG_DFL);
            ::setpgid(0, 0);
            be_skiff(pty, ready[1]);
        }
        ::setpgid(job, job);
        const auto give_terminal_to = [&](pid_t group) { ::tcsetpgrp(pty.slave.get(), group); };
        char byte = 0;
        (void)!::read(ready[0], &byte, 1);  // it started in the background, and was not stopped
        if (pty.is_raw()) {
            std::_Exit(22);
        }
        // What is typed for the shell is not read, and not looked at again and again either.
        (void)!::write(pty.master.get(), "for the shell\n", 14);
        if (cpu_time_spent(job) > std::chrono::milliseconds(10)) {
            std::_Exit(30);
        }
        // fg of a job that runs sends no signal: the first key tells.
        ::tcflush(pty.slave.get(), TCIFLUSH);
        give_terminal_to(job);
        (void)!::write(pty.master.get(), "\n", 1);
        expect(23, [&] { return pty.is_raw(); });

        const auto stop = [&](int number) {
            int stopped = 0;
            ::kill(job, SIGTSTP);
            if (::waitpid(job, &stopped, WUNTRACED) != job || !WIFSTOPPED(stopped) ||
                WSTOPSIG(stopped) != SIGTSTP || !same(pty.mode(), before)) {
                std::_Exit(number);
            }
        };
        stop(24);
        ::kill(job, SIGCONT);  // fg
        expect(25, [&] { return pty.is_raw(); });

        stop(26);
        give_terminal_to(::getpgrp());
        ::kill(job, SIGCONT);  // bg
        ::poll(nullptr, 0, 20);
        if (!same(pty.mode(), before)) {
            std::_Exit(27);
        }
        give_terminal_to(job);
        ::kill(job, SIGCONT);
        expect(31, [&] { return pty.is_raw(); });

        // SIGSTOP leaves it raw; the shell cleans up, and skiff notices when it goes on.
        ::kill(job, SIGSTOP);
        int stopped = 0;
        (void)::waitpid(job, &stopped, WUNTRACED);
        (void)::tcsetattr(pty.slave.get(), TCSANOW, &before);
        ::kill(job, SIGCONT);
        expect(28, [&] { return pty.is_raw(); });
        (void)!::write(pty.master.get(), "\035q", 2);
        int ended = 0;
        if (::waitpid(job, &ended, 0) != job || !WIFEXITED(ended) || WEXITSTATUS(ended) != 7 ||
            !same(pty.mode(), before)) {
            std::_Exit(29);
        }
        std::_Exit(0);
    });
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}
